// A server, a workspace with money and a number, a carrier, and calls that run through all of them.
import { once } from "node:events";
import { createServer } from "node:http";
import { openWorkspace } from "../support/workspace.js";
import { calleeOf, startCarrier } from "./carrier.js";
import { startNode } from "./node.js";
import { judge } from "./verdict.js";

/** More than any of these programs costs. */
export const MONEY_MINOR = 50_000_000;
/** Set-ups a second until all calls of an outage are up: below what any machine refuses. */
const RATE = 10;
/** A call talks for as long as its program lets it. */
const ENDLESS_MS = 24 * 3_600_000;
/** From the last INVITE until every call is up, and from the last BYE until every end was handed over. */
const SETTLED_MS = 1_500;
/** Until a caller is told that no call can be recorded: connections are waited for in vain once, by all together. */
const TOLD_WITHIN_MS = 5_000;
/** After what was away is back: longer than the server waits between two tries. */
const RECOVERY_MS = 3_000;

export const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The customer's server: connects the caller of number N to the callee of number N. */
export async function startCustomer() {
  const server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(await request.toArray()).toString()));
    const index = Number(/\+254711(\d{6})/.exec(form.From ?? form.CallerNumber ?? form.callerNumber ?? JSON.stringify(form))?.[1]);
    const isFirst = Object.values(form).includes("ringing");
    const body = isFirst ? JSON.stringify({ actions: [{ dial: { to: calleeOf(index) } }] }) : "";
    response.writeHead(200, { "Content-Type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}/voice`, stop: () => server.closeAllConnections() ?? server.close() };
}

/**
 * `options` are those of the node; `fund` brings the workspace's money, where that is not the simulator's; `scopes` are its key's;
 * who is dialled rings for up to `ringsMs`.
 */
export async function openScene({ fund, scopes, ringsMs, ...options } = {}) {
  const [carrier, customer] = await Promise.all([startCarrier({ ringsMs }), startCustomer()]);
  const node = await startNode({ carrierPort: carrier.port, ...options });
  const workspace = await openWorkspace(node.url, { money: MONEY_MINOR, scopes, ...(fund && { fund: (...of) => fund(node, ...of) }) });
  await workspace.route({ voice_callback_url: customer.url });
  let next = 0;
  const scene = {
    node, carrier, workspace,
    /** Calls that talk for so long, then the caller hangs up. */
    call(talkMs) {
      const leg = carrier.call(next, workspace.number, node.sipPort);
      next += 1;
      // One that was not answered yet is hung up once it is. Nobody waits for calls that outlast their program.
      const hangUp = () => {
        carrier.hangUp(leg);
        if (!leg.endedAt) setTimeout(hangUp, 200).unref();
      };
      setTimeout(hangUp, talkMs).unref();
      return leg;
    },
    /** `rate` calls a second until `stop` is called, each talking for up to `talkMs`. */
    load(rate, talkMs) {
      const pace = setInterval(() => scene.call(Math.random() * talkMs), 1_000 / rate);
      return { stop: () => clearInterval(pace) };
    },
    /**
     * Kills the node so often under `rate` calls a second that talk for up to `talkMs`; it lives between `livesMs` from a start to
     * its kill.
     */
    async killed(kills, { rate, talkMs, livesMs: [least, most] }) {
      const load = scene.load(rate, talkMs);
      for (let kill = 0; kill < kills; kill += 1) {
        await wait(least + Math.random() * (most - least));
        await scene.node.kill();
        await scene.node.start();
      }
      await wait(1_000);
      load.stop();
      await wait(talkMs);
    },
    /** Brings so many calls up; the callers' legs that were answered and talk on. */
    async talking(calls) {
      const legs = [];
      for (let index = 0; index < calls; index += 1) {
        legs.push(scene.call(ENDLESS_MS));
        await wait(1_000 / RATE);
      }
      await wait(SETTLED_MS);
      return legs.filter((leg) => leg.answeredAt && !leg.endedAt);
    },
    /** Hangs up, one after the other over so long. */
    async hangUp(legs, overMs) {
      for (const leg of legs) {
        carrier.hangUp(leg);
        await wait(overMs / legs.length);
      }
    },
    /** Whether a new call goes through now. */
    async works() {
      const leg = scene.call(300);
      for (let look = 0; look < 100 && !leg.endedAt; look += 1) await wait(100);
      return leg.answeredAt && leg.endedAt && !leg.refused;
    },
    judge: () => judge({ node, workspace, carrier }),
    async close() {
      await node.stop();
      customer.stop();
      carrier.stop();
    },
  };
  return scene;
}

/** The first and the second half of the calls, mixed by when they began. */
export const halves = (legs) => [legs.filter((_, place) => place % 2 === 0), legs.filter((_, place) => place % 2 === 1)];

/**
 * What is away comes back, by `comeBack`, under calls that talked all the while; then they hang up. Closes the scene.
 * `outage` names what was away, `refused` are callers that tried meanwhile and had to be refused.
 */
export async function comesBack(scene, { outage, talking, refused, comeBack }) {
  await comeBack();
  await wait(RECOVERY_MS);
  const faults = [];
  const cut = talking.filter((leg) => leg.endedAt);
  if (cut.length > 0) faults.push(`${cut.length} calls that ran while ${outage} were ended by the ${cut[0].endedBy}`);
  for (const leg of refused) {
    if (leg.answeredAt) faults.push("a call was let in that could not be recorded");
    else if (leg.refused !== 503) faults.push(`a call that could not be recorded was told ${leg.refused ?? "nothing"}`);
    else if (leg.endedAt - leg.invitedAt > TOLD_WITHIN_MS) faults.push(`a caller waited ${Math.round(leg.endedAt - leg.invitedAt)} ms for its refusal`);
  }
  await scene.hangUp(talking, 0);
  await wait(SETTLED_MS);
  const verdict = await scene.judge();
  verdict.faults.unshift(...faults);
  if (!(await scene.works())) verdict.faults.push(`after the time in which ${outage} no call goes through, without a restart`);
  await scene.close();
  return verdict;
}

/** Says what was seen; a program by itself ends with 1 when something is wrong. */
export function report(title, { faults, figures, verified }) {
  console.log(`${title}: ${Object.entries(figures).map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`).join(", ")}; ${verified}`);
  for (const fault of faults.slice(0, 20)) console.log(`  WRONG: ${fault}`);
  if (faults.length > 20) console.log(`  and ${faults.length - 20} more`);
}
