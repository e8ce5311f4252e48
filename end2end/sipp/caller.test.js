// Calls that come in from a carrier.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { isTold } from "./callers.js";
import { HOST, caller } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

/** An address of no trunk. */
const STRANGER = "127.0.0.2";

let server, asha, calls;

before(async () => {
  const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  server = await startOperated(settings);
  asha = await openWorkspace(server.url);
  calls = callsOf(asha);
});

after(async () => {
  if (server) await isIdle(server);
  await server?.stop();
});

test("a number without callback and without anybody to ring is unavailable", async () => {
  await caller(isTold(480), asha.number, server.sip);
  const [id] = await calls.ids();
  const call = await calls.that(id, "no_answer");
  assert.deepEqual([call.direction, call.to], ["inbound", asha.number]);
});

test("a number that nobody has claimed is not found", async () => {
  const before = await calls.ids();
  await caller(isTold(404), "+254700000019", server.sip);
  assert.deepEqual(await calls.ids(), before);
});

test("an address of no carrier is challenged and makes no call", async () => {
  const before = await calls.ids();
  await caller(isTold(401), asha.number, server.sip, { address: STRANGER });
  assert.deepEqual(await calls.ids(), before);
});
