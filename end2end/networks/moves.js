// A call moves between two networks, and its WebSocket is cut, again and again: `node networks/moves.js [TIMES]`, environment as
// for the tests. Prints what the gaps were.
import { hears } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";
import { openDoor, openNetwork } from "./network.js";

/** Talks for longer than anything here takes. */
const TALKS = Array.from({ length: 50 }, () => ({ say: { text: "You are on a line that talks, and talks, and talks, whatever becomes of the network that you are in. Please go on listening. ".repeat(3) } }));
/** A telephone has its other network so long after the first is gone. */
const AWAY_MS = 200;
/** Longer than the SDK wants to have heard somebody before it wonders at silence (`STEADY_MS` in browser-sdk/src/watch.rs). */
const STEADY_SECONDS = 2;

/**
 * A page inside the network with a call that talks: with the workspace's number, or with `to` by what `more` adds to the server's
 * settings. `onlyCodec` is all that the browser offers; with `onlyTcp` no UDP passes between the two, with `jitterMs` each
 * datagram as late as it likes. `actions` are what the number does; with `tone` the microphone hears one tone. What stands around it is
 * closed by `close()`.
 */
export async function openCall(network, { more = "", to, onlyCodec, onlyTcp = false, jitterMs = 0, actions = TALKS, tone = false } = {}) {
  const door = await openDoor();
  const settings = `http.public_url = "http://${door.address}"\nmedia.public_ip = "${network.publicIp}"\n${more}`;
  const server = await startServer(settings, network.besideServer);
  if (onlyTcp) await network.onlyTcp(server.media.split(":").at(-1));
  const heldUp = jitterMs > 0 ? await network.tremble(server.media.split(":").at(-1), jitterMs) : undefined;
  const own = new URL(server.url).host;
  const [inner] = await network.forward(network.serverIp, own);
  door.lead(inner.address);
  const workspace = await openWorkspace(`http://${door.address}`);
  const customer = await startCustomer(workspace, network.ownIp);
  customer.answers = () => ({ actions });
  const shop = new URL(customer.url).host;
  const [handler] = await network.forward("127.0.0.1", shop);
  await workspace.route({ voice_callback_url: `http://${handler.address}/voice` });
  const [front, gateway] = await network.forward(network.publicIp, shop, own);
  const pageUrl = `http://${front.address}`;
  // A page may use the microphone only where nobody can listen on the way; this one may too.
  const browser = await launchBrowser([`--unsafely-treat-insecure-origin-as-secure=${pageUrl}`], network.chromium);
  const page = await openPage(browser);
  await page.addInitScript(watchPackets);
  if (tone) await page.addInitScript(hearTone);
  await page.exposeFunction("mint", () => workspace.token({ identity: "asha" }));
  await page.goto(pageUrl);
  await page.evaluate(async ({ gateway, to, from, onlyCodec }) => {
    window.onlyCodec = onlyCodec;
    const { SautikitClient } = await import(`http://${gateway}/sdk/browser/index.esm.js`);
    window.log = [];
    window.client = new SautikitClient({ getToken: () => mint(), gateway: `ws://${gateway}/sip` });
    await client.connect();
    window.call = await client.call(to, { from });
    for (const event of ["answered", "reconnecting", "reconnected", "ended"]) call.on(event, (info) => log.push({ event, ...info }));
  }, { gateway: gateway.address, to: to ?? workspace.number, from: workspace.number, onlyCodec });
  await page.waitForFunction(() => log.some(({ event }) => event === "answered"));
  if (actions === TALKS) await hears(page);
  return {
    workspace, page, cut: gateway.cut, url: `http://${door.address}`,
    /** With jitter: how long a busy machine held up the audio of each direction since this was asked last, in milliseconds. */
    heldUp,
    /** Hangs up; the call's record. */
    async hangUp() {
      await page.evaluate(() => call.hangup());
      return workspace.newestBilled(() => true);
    },
    async close() {
      await browser.close();
      customer.stop();
      await server.stop();
      door.stop();
    },
  };
}

/** Waits for an event that came after the log was emptied; none when the call ended before. */
const logged = (page, event) => page.waitForFunction((event) => {
  const [ended, found] = ["ended", event].map((wanted) => log.find((entry) => entry.event === wanted));
  return found ?? (ended && { ended });
}, event, { timeout: 60_000 }).then((handle) => handle.jsonValue());

/** Runs in the page before its scripts: `silences` are the pauses between packets that came in, in milliseconds, over whatever connection. */
function watchPackets() {
  const isFirst = !top.packetsOf;
  const connections = (top.packetsOf ??= []);
  if (isFirst) window.silences = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };
  if (!isFirst) return;
  let seen = 0;
  setInterval(async () => {
    let received = 0;
    for (const connection of connections.filter(({ connectionState }) => connectionState !== "closed")) {
      for (const report of (await connection.getStats()).values()) if (report.type === "inbound-rtp") received = Math.max(received, report.lastPacketReceivedTimestamp ?? 0);
    }
    if (received <= seen) return;
    if (seen) silences.push(received - seen);
    seen = received;
  }, 20);
}

/** Runs in the page before its scripts: the microphone hears one tone that never ends. */
function hearTone() {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 440 });
    const microphone = context.createMediaStreamDestination();
    tone.connect(microphone);
    tone.start();
    return microphone.stream;
  };
}

/** Has the call interrupted so often; what was told and what was missed each time, fewer where the call was lost. */
async function interrupted(call, times, interrupt) {
  const gaps = [];
  for (let turn = 0; turn < times; turn += 1) {
    await call.page.evaluate(() => { log.length = 0; silences.length = 0; });
    await interrupt();
    const { gapMs, ended } = await logged(call.page, "reconnected");
    if (ended) break;
    await hears(call.page);
    gaps.push({ toldMs: gapMs, missedMs: Math.round(await call.page.evaluate(() => Math.max(...silences))) });
  }
  return gaps;
}

/** Moves the call so often to the other network. */
export const moved = (network, call, times) => interrupted(call, times, () => network.move(AWAY_MS));

/** Its way carries nothing any more and another one does, of which the browser is told nothing; what it missed. */
export async function steered(network, call) {
  await network.prepare();
  // The SDK knows by then that packets come all the time.
  await call.page.evaluate(async (steady) => {
    const { seconds } = await window.audio();
    await window.until((now) => now.seconds > seconds + steady);
  }, STEADY_SECONDS);
  return interrupted(call, 1, () => network.steer());
}

/** Cuts the call's WebSocket so often. */
export const cut = (call, times) => interrupted(call, times, () => call.cut());

export const share = (values, part) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];

const told = (what, times, gaps) => {
  const of = (which) => [0.5, 0.95, 1].map((part) => share(gaps.map((gap) => gap[which]), part)).join(" / ");
  console.log(`${times} × ${what}: ${times - gaps.length} lost; p50 / p95 / worst: told ${of("toldMs")} ms, missed ${of("missedMs")} ms`);
};

if (process.argv[1] === import.meta.filename) {
  const times = Number(process.argv[2] ?? 50);
  const network = await openNetwork();
  const call = await openCall(network);
  told("another network", times, await moved(network, call, times));
  told("the WebSocket cut", times, await cut(call, times));
  console.log(`the record: ${JSON.stringify(await call.hangUp(), ["status", "hangup_cause", "duration_seconds"])}`);
  await call.close();
  await network.close();
}
