// What is rarer in a dialog than a call from ringing to BYE: late offers, session timers, routes, forks, bodies of several parts, keys by INFO.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { startSpeaker } from "../support/speaker.js";
import { openWorkspace } from "../support/workspace.js";
import { offersInParts, offersNothing, wantsATimerTooShort } from "./callers.js";
import { answersInParts, asksForAnOffer, forks, isBehindAProxy, pressesByInfo, refreshesItsSession } from "./carriers.js";
import { caller, carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const CARRIERS = {
  offer: ["asks for an offer within the call is made one", asksForAnOffer],
  timer: ["keeps its session alive by UPDATE is answered with its timer", refreshesItsSession],
  route: ["is reached by a proxy alone is acknowledged and hung up on by its route", isBehindAProxy],
  fork: ["forks is acknowledged where it answered", forks],
  parts: ["describes itself in one of two parts is understood", answersInParts],
};

describe("in the dialog", { concurrency: true }, () => {
  let server, trunks, workspace, calls, callback;

  before(async () => {
    const names = [...Object.keys(CARRIERS), "info"];
    const reserved = await reserveTrunks(Object.fromEntries(names.map((name) => [name, [{}]])));
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    workspace = await openWorkspace(server.url);
    calls = callsOf(workspace);
    callback = await startSpeaker(workspace);
  });

  after(async () => {
    callback?.close();
    await server?.stop();
  });

  for (const [name, [what, scenario]] of Object.entries(CARRIERS)) {
    test(`a carrier that ${what}`, async () => {
      const { done } = await carrier(scenario, trunks[name].port);
      const id = await calls.place(trunks[name].number, { actions: [{ pause: { length: 2 } }, { hangup: {} }] });
      await done;
      assert.equal((await calls.that(id, "completed")).hangup_cause, "normal_clearing");
    });
  }

  test("a key that a carrier tells by INFO ends what waits for it", async () => {
    const { done } = await carrier(pressesByInfo(5), trunks.info.port);
    const keys = { getDigits: { numDigits: 1, timeout: 20 } };
    const id = await calls.place(trunks.info.number, { actions: [keys, { pause: { length: 20 } }] });
    await done;
    await calls.that(id, "completed");
    const events = await calls.events(id);
    const ended = events.find(({ kind, data }) => kind === "verb.ended" && data.verb === "getDigits");
    assert.deepEqual([ended?.data.outcome, ended?.data.details.digit_count], ["digits", 1]);
  });

  test("a caller that offers nothing is made an offer", () => caller(offersNothing, workspace.number, server.sip));
  test("a caller's offer in one of two parts is understood", () => caller(offersInParts, workspace.number, server.sip));
  test("a caller whose session timer is too short is told what would do", () =>
    caller(wantsATimerTooShort, workspace.number, server.sip));
});
