// A call over a network that delays each packet by another time, up to 200 ms: what the browser plays of the gateway's, and what the
// gateway keeps of the browser's. On a machine with no time to spare a sender stands still now and then, which is no jitter: what passes
// the packets on says for how long, and that is missed too.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { channelsOf } from "../recordings/audio.js";
import { eventually } from "../support/workspace.js";
import { openCall } from "./moves.js";
import { openNetwork, whyNoNetwork } from "./network.js";

const JITTER_MS = 200;
/** What the gateway's buffer holds at most (`MAX_DEPTH` in crates/media/src/jitter.rs). */
const GATEWAY_MS = 200;
/** Both buffers have grown by then, from what the first packets of a call say. */
const SETTLED_MS = 5_000;
const LISTENED_MS = 10_000;
const RATE = 8_000;
const FRAME = RATE / 50;
/** A tenth of the tone's level as it is recorded. */
const SILENT = 0.1;

const skip = await whyNoNetwork();
const recorded = [{ record: { timeout: 60, maxLength: (SETTLED_MS + LISTENED_MS) / 1_000, playBeep: false, trimSilence: false } }];

describe(`with ${JITTER_MS} ms of jitter`, { skip }, () => {
  let network, call;
  const open = async (options) => {
    network = await openNetwork();
    call = await openCall(network, { jitterMs: JITTER_MS, ...options });
  };
  after(async () => {
    await call?.close();
    await network?.close();
  });

  test("the browser makes up no more at a time than its buffer holds", { timeout: 230_000 }, async () => {
    await open();
    await call.page.evaluate(settled, SETTLED_MS);
    await call.heldUp();
    const { longestMs, share, heldMs } = await call.page.evaluate(heard, LISTENED_MS);
    const { fromTargetMs } = await call.heldUp();
    const what = `${longestMs} ms at a time, ${(share * 100).toFixed(1)} % in all, ${heldMs} ms held, the sender held up for ${fromTargetMs} ms`;
    console.log(`the browser: ${what}`);
    assert.ok(heldMs > 0 && longestMs <= heldMs + fromTargetMs, what);
    await call.close();
    await network.close();
    call = network = undefined;
  });

  test("the gateway records no gap longer than its buffer", { timeout: 230_000 }, async () => {
    await open({ actions: recorded, tone: true });
    // The recording may begin behind the first packets: a second to be sure.
    await call.page.evaluate(sent, SETTLED_MS - 1_000);
    await call.heldUp();
    const recording = await eventually("the recording", async () => {
      const [newest] = await call.workspace.get("/v1/recordings?limit=1");
      return newest?.status === "ready" && newest;
    });
    const { toTargetMs } = await call.heldUp();
    const audio = await fetch(`${call.url}/v1/recordings/${recording.id}/audio`, { headers: call.workspace.headers });
    const [samples] = channelsOf(Buffer.from(await audio.arrayBuffer()));
    const gaps = silences(samples.subarray((SETTLED_MS * RATE) / 1_000));
    const what = `silent for ${gaps.sort((a, b) => b - a).slice(0, 5)} ms, ${gaps.length} times, the browser held up for ${toTargetMs} ms`;
    console.log(`the gateway: ${what}`);
    assert.ok(Math.max(0, ...gaps) <= GATEWAY_MS + toTargetMs, what);
  });
});

/** Runs in the page: it has heard so much. */
async function settled(ms) {
  const heardMs = async () => ([...(await window.call.getStats()).values()].find(({ type }) => type === "inbound-rtp")?.totalSamplesDuration ?? 0) * 1_000;
  while (await heardMs() < ms) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Runs in the page: it has sent so much, in packets of 20 ms. */
async function sent(ms) {
  const sentMs = async () => ([...(await window.call.getStats()).values()].find(({ type }) => type === "outbound-rtp")?.packetsSent ?? 0) * 20;
  while (await sentMs() < ms) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Runs in the page: what was made up for packets that were not there in time, the longest at a time and in all. */
async function heard(listenedMs) {
  const read = async () => [...(await window.call.getStats()).values()].find(({ type }) => type === "inbound-rtp");
  const [began, played] = [await read(), []];
  for (let last = began; (last.totalSamplesDuration - began.totalSamplesDuration) * 1_000 < listenedMs;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = await read();
    if (now.totalSamplesReceived > last.totalSamplesReceived) played.push([now.totalSamplesReceived - last.totalSamplesReceived, now.concealedSamples - last.concealedSamples]);
    last = now;
  }
  const ended = await read();
  const perMs = (ended.totalSamplesReceived - began.totalSamplesReceived) / ((ended.totalSamplesDuration - began.totalSamplesDuration) * 1_000);
  let [longest, run] = [0, 0];
  for (const [, concealed] of played) {
    run = concealed > 0 ? run + concealed : 0;
    longest = Math.max(longest, run);
  }
  const held = (ended.jitterBufferDelay - began.jitterBufferDelay) / (ended.jitterBufferEmittedCount - began.jitterBufferEmittedCount);
  const share = (ended.concealedSamples - began.concealedSamples) / (ended.totalSamplesReceived - began.totalSamplesReceived);
  return { longestMs: Math.round(longest / perMs), share, heldMs: Math.round(held * 1_000) };
}

/** The pauses in a tone, in milliseconds. */
function silences(samples) {
  const levels = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, at) => (
    Math.sqrt(samples.subarray(at * FRAME, (at + 1) * FRAME).reduce((sum, sample) => sum + sample ** 2, 0) / FRAME)
  ));
  const usual = levels.toSorted((a, b) => a - b)[Math.floor(levels.length / 2)];
  assert.ok(usual > 100, `the tone is recorded at ${usual}`);
  const gaps = [];
  let run = 0;
  for (const level of [...levels, usual]) {
    if (level < usual * SILENT) run += 1;
    else if (run > 0) {
      gaps.push(run * 20);
      run = 0;
    }
  }
  return gaps;
}
