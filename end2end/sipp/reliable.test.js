// Provisional responses that arrive for certain (100rel and PRACK, RFC 3262), and what may be offered after them (RFC 3311).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";
import { answersReliably, repeatsReliably, updatesBeforeItsAnswer, updatesTooEarly } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const CARRIERS = {
  acknowledged: ["rings and describes itself reliably is acknowledged and answered", answersReliably],
  repeated: ["repeats what was acknowledged is not told so again", repeatsReliably],
  updated: ["has answered reliably may offer anew before its 200", updatesBeforeItsAnswer],
  early: ["offers anew before it has answered for certain is told to wait", updatesTooEarly],
};

describe("reliable provisional responses", { concurrency: true }, () => {
  let server, trunks, calls;

  before(async () => {
    const reserved = await reserveTrunks(Object.fromEntries(Object.keys(CARRIERS).map((name) => [name, [{}]])));
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    calls = callsOf(await openWorkspace(server.url));
  });

  after(() => server?.stop());

  for (const [name, [what, scenario]] of Object.entries(CARRIERS)) {
    test(`a carrier that ${what}`, async () => {
      const { done } = await carrier(scenario, trunks[name].port);
      const id = await calls.place(trunks[name].number, { actions: [{ pause: { length: 60 } }] });
      await done;
      assert.equal((await calls.that(id, "completed")).hangup_cause, "normal_clearing");
    });
  }
});
