// Two trunks for one destination: when the second is tried, and when it must not be.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";
import { answers, refuses, ringsThenRefuses } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks, silentCarrier } from "./trunks.js";

const TWO = [{}, {}];

describe("fail-over", { concurrency: true }, () => {
  let server, trunks, calls;

  before(async () => {
    const names = ["500", "502", "503", "504", "silent", "closed", "rang", "busy", "declined"];
    const reserved = await reserveTrunks(Object.fromEntries(names.map((name) => [name, TWO])));
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    calls = callsOf(await openWorkspace(server.url));
  });

  after(() => server?.stop());

  /** Dials; the second trunk answers and the call is ended. */
  async function secondTakes({ ports: [, second], number }) {
    const { done } = await carrier(answers, second);
    const id = await calls.place(number);
    await calls.that(id, "answered");
    await calls.hangUp(id);
    await done;
    return calls.that(id, "completed");
  }

  for (const refusal of ["500 Server Internal Error", "502 Bad Gateway", "503 Service Unavailable", "504 Server Time-out"]) {
    test(`${refusal} before ringing tries the next trunk`, async () => {
      const trunk = trunks[refusal.slice(0, 3)];
      const { done } = await carrier(refuses(refusal), trunk.port);
      await secondTakes(trunk);
      await done;
    });
  }

  test("a trunk that says nothing for four seconds gives way to the next", async () => {
    const silent = await silentCarrier(trunks.silent.port);
    const began = Date.now();
    const call = await secondTakes(trunks.silent);
    assert.ok(Date.parse(call.answered_at) - began >= 4_000, `answered after ${Date.parse(call.answered_at) - began} ms`);
    assert.ok(silent.requests("INVITE").length > 1, "the INVITE was not sent again meanwhile");
    silent.close();
  });

  test("a trunk whose port is closed gives way to the next", () => secondTakes(trunks.closed));

  for (const [name, scenario, status] of [
    ["rang", ringsThenRefuses("503 Service Unavailable"), "failed"],
    ["busy", refuses("486 Busy Here"), "busy"],
    ["declined", refuses("603 Decline"), "failed"],
  ]) {
    test(`the next trunk is not tried: ${name}`, async () => {
      const { ports: [first, second], number } = trunks[name];
      const unseen = await silentCarrier(second);
      const { done } = await carrier(scenario, first);
      const id = await calls.place(number);
      await done;
      await calls.that(id, status);
      assert.deepEqual(unseen.messages, []);
      unseen.close();
    });
  }
});
