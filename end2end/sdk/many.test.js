// Many calls in a row in one page leave nothing behind. CALLS says how many (default: 20; the long form is 200).
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();
const CALLS = Number(process.env.CALLS ?? 20);
/** What the browser's engine keeps for itself, whatever the page does: compiled code, pooled buffers. */
const MOST_GROWN_BYTES = 256 * 1024;
/** One call may leave so much: no connection, no stream, no event handler. */
const MOST_PER_CALL_BYTES = 512;

/** Collections of garbage before what is left counts. */
const COLLECTIONS = 10;
/** A call that is over waits for its next reading of the quality before it is gone: five seconds, and a busy machine. */
const LAST_TIMER_MS = 6_000;

/** What is left once nothing that can go is there any more. */
async function remains(inspector) {
  await new Promise((resolve) => setTimeout(resolve, LAST_TIMER_MS));
  // What a collection lets go of, such as a finalised connection, may hold something else.
  for (let turn = 0; turn < COLLECTIONS; turn += 1) {
    await inspector.send("HeapProfiler.collectGarbage");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { metrics } = await inspector.send("Performance.getMetrics");
  const metric = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  const alive = async (prototype) => {
    const { result } = await inspector.send("Runtime.evaluate", { expression: prototype });
    const { objects } = await inspector.send("Runtime.queryObjects", { prototypeObjectId: result.objectId });
    const { result: count } = await inspector.send("Runtime.callFunctionOn", { functionDeclaration: "function () { return this.length; }", objectId: objects.objectId, returnByValue: true });
    await inspector.send("Runtime.releaseObject", { objectId: objects.objectId });
    return count.value;
  };
  return {
    heap: metric.JSHeapUsedSize,
    // Chromium's own name for what listens.
    listeners: metric.JSEventListeners,
    connections: await alive("RTCPeerConnection.prototype"),
    tracks: await alive("MediaStreamTrack.prototype"),
    contexts: await alive("AudioContext.prototype"),
    sounds: await alive("HTMLAudioElement.prototype"),
    calls: await alive("Object.getPrototypeOf(window.sample)"),
  };
}

/** Calls, is answered, hears something, hangs up: nothing of it is kept by the test. */
async function callOnce() {
  await world.page.evaluate(async () => {
    log.length = 0;
    const call = await client.call("+254700000001");
    note(call);
    // As a page that shows a meter and the quality does.
    ["audiolevel", "quality", "muted"].forEach((event) => call.on(event, () => {}));
    window.sample ??= Object.create(Object.getPrototypeOf(call));
  });
  await world.logged("answered");
  await world.page.evaluate(async () => {
    const [call] = client.calls;
    const heard = (stats) => [...stats.values()].some((report) => report.type === "inbound-rtp" && report.packetsReceived > 0);
    while (!heard(await call.getStats())) await new Promise((resolve) => setTimeout(resolve, 20));
    await call.hangup();
    far.close();
    far.loudspeaker.srcObject = undefined;
    await context.close();
    microphones.length = 0;
  });
  world.gateway.requests.length = 0;
}

test(`after ${CALLS} calls in one page there is as much of everything as before`, { timeout: 60_000 + CALLS * 5_000 }, async () => {
  world.answering();
  await world.page.addInitScript(() => {
    // The other end's, which is the test's own.
    const Native = AudioContext;
    window.AudioContext = class extends Native {
      constructor(...given) {
        super(...given);
        window.context = this;
      }
    };
  });
  await world.page.reload();
  await world.connect();
  const inspector = await world.context.newCDPSession(world.page);
  await inspector.send("Performance.enable");
  // The first calls load and compile what the others use.
  for (let turn = 0; turn < 3; turn += 1) await callOnce();
  await world.page.evaluate(() => { window.far = window.context = undefined; log.length = 0; });
  const before = await remains(inspector);
  for (let turn = 0; turn < CALLS; turn += 1) await callOnce();
  await world.page.evaluate(() => { window.far = window.context = undefined; log.length = 0; });
  const after = await remains(inspector);
  console.log(`# before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
  const { heap: heapBefore, ...things } = before;
  const { heap: heapAfter, ...left } = after;
  assert.deepEqual(left, things);
  assert.ok(heapAfter - heapBefore < MOST_GROWN_BYTES + CALLS * MOST_PER_CALL_BYTES, `${heapAfter - heapBefore} bytes more`);
  assert.deepEqual(world.problems, []);
});
