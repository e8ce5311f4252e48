// Two things at once on the wire.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { answersIntoCancel, answersThrice, hangsUpAgainst, ringsAfter } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

describe("races", { concurrency: true }, () => {
  let server, trunks, calls;

  before(async () => {
    const reserved = await reserveTrunks({ crossing: [{}], slow: [{}], thrice: [{}], byes: [{}] });
    trunks = reserved.trunks;
    server = await startOperated(reserved.settings);
    calls = callsOf(await openWorkspace(server.url));
  });

  after(async () => {
    if (server) await isIdle(server);
    await server?.stop();
  });

  test("an answer that crosses the CANCEL is acknowledged, ended and free", async () => {
    const { done } = await carrier(answersIntoCancel, trunks.crossing.port);
    const id = await calls.place(trunks.crossing.number);
    await calls.hangUp(id);
    await done;
    const call = await calls.that(id, "canceled");
    assert.deepEqual([call.answered_at, call.duration_seconds], [null, 0]);
    assert.equal((await calls.billed(id)).cost_minor, 0);
  });

  test("CANCEL waits until a slow carrier has said something", async () => {
    const { done } = await carrier(ringsAfter(1_500), trunks.slow.port);
    const id = await calls.place(trunks.slow.number);
    await calls.hangUp(id);
    await done;
    await calls.that(id, "canceled");
    assert.equal((await calls.billed(id)).cost_minor, 0);
  });

  test("an answer said again is acknowledged again and is still one answer", async () => {
    const { done } = await carrier(answersThrice, trunks.thrice.port, { more: ["-nr"] });
    const id = await calls.place(trunks.thrice.number);
    await done;
    await calls.that(id, "completed");
    const answers = (await calls.events(id)).filter((event) => event.kind === "call.answered");
    assert.equal(answers.length, 1);
  });

  test("two BYEs that cross end the call once", async () => {
    const { done } = await carrier(hangsUpAgainst, trunks.byes.port);
    const id = await calls.place(trunks.byes.number);
    await calls.that(id, "answered");
    await calls.hangUp(id);
    await done;
    assert.equal((await calls.billed(id)).status, "completed");
  });
});
