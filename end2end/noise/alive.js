// What must be true of a server after any noise.
import assert from "node:assert/strict";
import { answers } from "../sipp/carriers.js";
import { HOST, carrier } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";

/** A server with a workspace and a trunk whose calls come from `HOST`. */
export async function startTarget() {
  const { trunks, settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  const server = await startOperated(settings);
  const workspace = await openWorkspace(server.url);
  const calls = callsOf(workspace);
  const { tasks } = await server.metrics();
  return {
    server,
    workspace,
    calls,
    trunk: trunks.carrier,
    /** Takes a call, holds nothing of what came before, and has not panicked. */
    async isWell() {
      const { done } = await carrier(answers, trunks.carrier.port);
      const id = await calls.place(trunks.carrier.number);
      await calls.that(id, "answered");
      await calls.hangUp(id);
      await done;
      await calls.that(id, "completed");
      await isIdle(server);
      await eventually(`${tasks} tasks again`, async () => (await server.metrics()).tasks <= tasks);
      assert.doesNotMatch(await server.log(), /panic/i);
    },
  };
}

/** Random numbers that are the same in every run (mulberry32), so that a finding can be repeated. */
export function randomFrom(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return (bits ^ (bits >>> 14)) >>> 0;
  };
  return {
    below: (limit) => next() % limit,
    bytes: (length) => Buffer.from(Array.from({ length }, () => next() & 0xff)),
  };
}
