// Three nodes on one PostgreSQL under load: one is killed, or each is drained and started again: `node chaos/nodes.js [CALLS]`,
// environment as for the tests. The carrier reaches them one by one, or all of them through Kamailio (`deploy/kamailio`).
import { randomBytes } from "node:crypto";
import { openWorkspace } from "../support/workspace.js";
import { startCarrier } from "./carrier.js";
import { startKamailio } from "./kamailio.js";
import { freePort } from "../support/ports.js";
import { startNode } from "./node.js";
import { startPostgres } from "./postgres.js";
import { MONEY_MINOR, report, startCustomer, wait } from "./scene.js";
import { judge } from "./verdict.js";

const NODES = 3;
/** Set-ups a second, all nodes together: those under which nodes are drained go on until the last one is back. */
const [DRAINED_RATE, KILLED_RATE] = [4, 10];
/** A call talks for between so long. */
const TALKS_MS = [3_000, 8_000];
/** How often a caller that is turned away because a node is drained is led to another. */
const TRIES = NODES;
/** From the kill of a node until its calls are closed: its lease lasts for a minute, and is watched for a while after. */
const CLOSED_WITHIN_MS = 150_000;

/** `isProxied`: the carrier and the nodes reach each other through Kamailio, which knows the nodes. */
async function openNodes(isProxied) {
  const [postgres, carrier, customer] = await Promise.all([startPostgres(), startCarrier(), startCustomer()]);
  const masterKey = randomBytes(32).toString("base64");
  const nodes = [];
  const proxyPort = isProxied ? await freePort() : undefined;
  const proxied = isProxied ? `outbound_proxy = "127.0.0.1:${proxyPort}"` : "";
  for (let index = 0; index < NODES; index += 1) {
    const more = `${proxied}\n[nodes]\nlisten = "127.0.0.1:${await freePort()}"\n\n[secrets]\nmaster_key = "${masterKey}"\n`;
    nodes.push(await startNode({ carrierPort: carrier.port, database: postgres.url, more, publicUrl: nodes[0]?.url }));
  }
  const workspace = await openWorkspace(nodes[0].url, { money: MONEY_MINOR });
  await workspace.route({ voice_callback_url: customer.url });
  const kamailio = isProxied ? await startKamailio(proxyPort, nodes.map(({ sipPort }) => sipPort)) : undefined;
  let [next, turn] = [0, 0];
  const scene = {
    nodes, carrier, workspace,
    /** Callers that no node took. */
    refused: [],
    /** Those that a drained node turned away and another one took. */
    led: 0,
    /** A call through the next node that is not `isLeftOut`, and through another if that takes none, as a dispatcher leads it. */
    async call(talkMs, isLeftOut = () => false) {
      const index = next;
      next += 1;
      for (let tries = 0; tries < TRIES; tries += 1) {
        do turn += 1; while (isLeftOut(nodes[turn % NODES]));
        const node = nodes[turn % NODES];
        const leg = carrier.call(index, workspace.number, proxyPort ?? node.sipPort);
        while (!leg.answeredAt && !leg.endedAt) await wait(20);
        // Who has answered says where it is.
        leg.node = isProxied ? nodes.find(({ sipPort }) => leg.contact.includes(`:${sipPort}`)) : node;
        if (leg.refused === 503) {
          scene.led += 1;
          continue;
        }
        setTimeout(() => carrier.hangUp(leg), talkMs).unref();
        return leg;
      }
      scene.refused.push(index);
      return undefined;
    },
    /** So many calls, `rate` a second; their legs once all are up or turned away. */
    async calls(count, rate, talkMs, isLeftOut) {
      const begun = [];
      for (let index = 0; index < count; index += 1) {
        begun.push(scene.call(talkMs(), isLeftOut));
        await wait(1_000 / rate);
      }
      return (await Promise.all(begun)).filter(Boolean);
    },
    async close() {
      await kamailio?.stop();
      for (const node of nodes) await node.stop();
      customer.stop();
      carrier.stop();
      await postgres.remove();
    },
  };
  return scene;
}

const talks = () => TALKS_MS[0] + Math.random() * (TALKS_MS[1] - TALKS_MS[0]);

/** Drains and starts each node again under so many calls. A call that a node ends, or that none takes, is a fault. */
export async function rollingRestart(calls, isProxied = false) {
  const scene = await openNodes(isProxied);
  const faults = [];
  const begun = scene.calls(calls, DRAINED_RATE, talks);
  let isOver = false;
  void begun.then(() => { isOver = true; });
  let restarts = 0;
  for (const node of scene.nodes) {
    await wait(1_000);
    const { code, output } = await node.command("drain", "--wait");
    if (code !== 0) faults.push(`drain ended with ${code}, its last words: ${output.split("\n").slice(-3).join(" ")}`);
    await node.restart();
    restarts += 1;
  }
  if (isOver) faults.push("the calls were over before the last node was started again");
  const legs = await begun;
  while (legs.some((leg) => !leg.endedAt)) await wait(100);
  const dropped = legs.filter((leg) => leg.endedBy !== "carrier");
  for (const leg of dropped) faults.push(`a call was ended by the ${leg.endedBy} after ${Math.round(leg.endedAt - leg.invitedAt)} ms`);
  for (const index of scene.refused) faults.push(`call ${index} was taken by no node`);
  if (legs.length !== calls) faults.push(`${legs.length} of ${calls} calls came about`);
  const verdict = await judge({ node: scene.nodes[0], workspace: scene.workspace, carrier: scene.carrier });
  verdict.faults.unshift(...faults);
  Object.assign(verdict.figures, { dropped: dropped.length, restarts, led_to_another_node: scene.led });
  await scene.close();
  return verdict;
}

/** Kills one of the nodes under so many calls. Its calls end, each once and billed to its last audio; no other does. */
export async function oneNodeKilled(calls, isProxied = false) {
  const scene = await openNodes(isProxied);
  const { nodes, carrier } = scene;
  const [, victim] = nodes;
  const faults = [];
  const legs = await scene.calls(calls, KILLED_RATE, () => 24 * 3_600_000);
  await victim.kill();
  const own = legs.filter((leg) => leg.node === victim);
  const others = legs.filter((leg) => leg.node !== victim);
  // The others take calls all the while.
  const later = await scene.calls(calls / 2, KILLED_RATE, talks, (node) => node === victim);
  await wait(TALKS_MS[1]);
  const cut = others.filter((leg) => leg.endedAt);
  if (cut.length > 0) faults.push(`${cut.length} calls of the other nodes were ended by the ${cut[0].endedBy}`);
  const dropped = later.filter((leg) => leg.endedBy !== "carrier");
  if (dropped.length > 0) faults.push(`${dropped.length} calls that began after the kill were ended by the ${dropped[0].endedBy}`);
  if (own.length === 0) faults.push("the killed node had no calls");
  for (const leg of others) carrier.hangUp(leg);
  const killsOf = (leg) => (leg.node === victim ? victim.kills : []);
  const verdict = await judge({ node: nodes[0], workspace: scene.workspace, carrier, killsOf, withinMs: CLOSED_WITHIN_MS });
  // Whoever closes a call of a dead node hangs it up at the carrier (gateway.md, "Crash").
  const left = own.filter((leg) => !leg.endedAt);
  if (left.length > 0) faults.push(`${left.length} callers of the killed node were not told that their call is over`);
  if (verdict.figures.lost !== own.length) faults.push(`${verdict.figures.lost} calls are closed as lost, the killed node had ${own.length}`);
  verdict.faults.unshift(...faults);
  Object.assign(verdict.figures, { of_the_killed_node: own.length, of_the_others: others.length + later.length });
  await victim.start();
  await scene.close();
  return verdict;
}

if (process.argv[1] === import.meta.filename) {
  const calls = Number(process.argv[2] ?? 200);
  const verdicts = [];
  for (const isProxied of [false, true]) {
    const where = isProxied ? ", behind Kamailio" : "";
    verdicts.push(await rollingRestart(calls, isProxied));
    report(`${NODES} nodes drained and started again under ${calls} calls${where}`, verdicts.at(-1));
    verdicts.push(await oneNodeKilled(calls / 4, isProxied));
    report(`kill -9 of one of ${NODES} nodes under ${calls / 4} calls${where}`, verdicts.at(-1));
  }
  process.exit(verdicts.some(({ faults }) => faults.length > 0) ? 1 : 0);
}
