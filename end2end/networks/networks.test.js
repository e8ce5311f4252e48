// A call in a browser whose network changes, in namespaces of its own; the long form is networks/moves.js.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cut, moved, openCall, steered } from "./moves.js";
import { openNetwork, whyNoNetwork } from "./network.js";

/** Linux tells of an interface that goes up a second after another one has gone down; the rest is a busy machine's. */
const MOST_GAP_MS = 5_000;
/** The SDK asks the gateway after half a second without packets, and gives it one to answer. Browsers take a connection for lost later. */
const MOST_UNTOLD_MS = 4_000;
/** Twice what a packet is late on a busy machine. */
const MOST_SILENCE_MS = 400;

const skip = await whyNoNetwork();
let network, call;

before(async () => {
  if (skip) return;
  network = await openNetwork();
  call = await openCall(network);
});
after(async () => {
  await call?.close();
  await network?.close();
});

test("a call goes on in another network, and what was missed is told", { skip, timeout: 150_000 }, async () => {
  const gaps = await moved(network, call, 4);
  assert.equal(gaps.length, 4, "no call is lost");
  for (const { toldMs, missedMs } of gaps) {
    assert.ok(toldMs > 0 && toldMs < MOST_GAP_MS, `${toldMs} ms were told`);
    assert.ok(missedMs < toldMs + 1_000, `${missedMs} ms were missed, ${toldMs} told`);
  }
});

test("a connection that is cut again and again takes nothing of the audio", { skip, timeout: 150_000 }, async () => {
  const gaps = await cut(call, 6);
  assert.equal(gaps.length, 6, "no call is lost");
  for (const { toldMs, missedMs } of gaps) {
    assert.equal(toldMs, 0);
    assert.ok(missedMs < MOST_SILENCE_MS, `${missedMs} ms were missed`);
  }
});

test("a way that carries nothing any more is left although the browser says nothing of it", { skip, timeout: 60_000 }, async () => {
  const [gap] = await steered(network, call);
  assert.ok(gap, "the call is not lost");
  assert.ok(gap.missedMs < MOST_UNTOLD_MS, `${gap.missedMs} ms were missed`);
});

test("its record is one call, with what was missed on its timeline", { skip, timeout: 60_000 }, async () => {
  const record = await call.hangUp();
  assert.deepEqual([record.status, record.hangup_cause], ["completed", "normal_clearing"]);
  const timeline = await call.workspace.get(`/v1/calls/${record.id}/events`);
  assert.ok(timeline.filter(({ kind }) => kind === "leg.back").length >= 4, timeline.map(({ kind }) => kind).join(" "));
});
