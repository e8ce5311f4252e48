// How calls end: what a carrier says becomes status and cause, and stands on the timeline.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";
import { announcesThenRefuses, answers, refuses, rings } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const REFUSALS = [
  ["486 Busy Here", "busy", "busy"],
  ["600 Busy Everywhere", "busy", "busy"],
  ["480 Temporarily Unavailable", "no_answer", "no_answer"],
  ["408 Request Timeout", "no_answer", "no_answer"],
  ["603 Decline", "failed", "rejected"],
  ["404 Not Found", "failed", "not_found"],
  ["488 Not Acceptable Here", "failed", "sip.488"],
];

/** Numbers of the sandbox carrier by their endings. */
const SANDBOX = [
  ["+254722009901", "busy", "busy", 486],
  ["+254722009902", "no_answer", "no_answer", 408],
  ["+254722009903", "failed", "sip.503", 503],
];

describe("endings", { concurrency: true }, () => {
  let server, trunks, asha, calls;

  before(async () => {
    const refusing = Object.fromEntries(REFUSALS.map(([refusal]) => [refusal, [{}]]));
    const reserved = await reserveTrunks({ ...refusing, q850: [{}], announced: [{}], answers: [{}], rings: [{}], canceled: [{}] });
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    asha = await openWorkspace(server.url);
    calls = callsOf(asha);
  });

  after(() => server?.stop());

  /** The call ended so, was free, and its timeline says why; `sip` is the status that stands for it there (408 where our own patience ended), if one does. */
  async function endsFree(id, status, cause, sip = null) {
    const call = await calls.that(id, status);
    assert.deepEqual([call.hangup_cause, call.answered_at, call.duration_seconds], [cause, null, 0]);
    assert.equal((await calls.billed(id)).cost_minor, 0);
    const events = await calls.events(id);
    assert.equal(events.at(-1).data.hangup_cause, cause);
    assert.equal(events.find(({ kind }) => kind === "leg.ended").data.sip, sip);
  }

  for (const [refusal, status, cause] of REFUSALS) {
    test(`a carrier's ${refusal} is ${status} (${cause}) and free`, async () => {
      const trunk = trunks[refusal];
      const { done } = await carrier(refuses(refusal), trunk.port);
      const id = await calls.place(trunk.number);
      await done;
      await endsFree(id, status, cause, Number.parseInt(refusal, 10));
    });
  }

  test("a Reason with a telephone cause outranks the status", async () => {
    const { done } = await carrier(refuses("480 Temporarily Unavailable", ["Reason: Q.850;cause=17"]), trunks.q850.port);
    const id = await calls.place(trunks.q850.number);
    await done;
    await endsFree(id, "busy", "busy", 480);
  });

  test("an announcement before the refusal is not an answer", async () => {
    const { done } = await carrier(announcesThenRefuses("486 Busy Here"), trunks.announced.port);
    const id = await calls.place(trunks.announced.number);
    await done;
    await endsFree(id, "busy", "busy", 486);
  });

  for (const [number, status, cause, sip] of SANDBOX) {
    test(`the sandbox's …${number.slice(-4)} is ${status}`, async () => {
      await endsFree(await calls.place(number, { timeout: 5 }), status, cause, sip);
    });
  }

  test("a call that the API ends sends BYE to the carrier", async () => {
    const { done } = await carrier(answers, trunks.answers.port);
    const id = await calls.place(trunks.answers.number);
    await calls.that(id, "answered");
    await calls.hangUp(id);
    await done;
    assert.equal((await calls.that(id, "completed")).hangup_cause, "api_hangup");
  });

  test("a call that nobody answers in time sends CANCEL", async () => {
    const { done } = await carrier(rings, trunks.rings.port);
    const id = await calls.place(trunks.rings.number, { timeout: 5 });
    await done;
    await endsFree(id, "no_answer", "no_answer", 408);
  });

  test("a call that the API ends while it rings is canceled", async () => {
    const { done } = await carrier(rings, trunks.canceled.port);
    const id = await calls.place(trunks.canceled.number);
    await calls.hangUp(id);
    await done;
    await endsFree(id, "canceled", "api_hangup");
  });
});
