// What a call over a carrier costs, and who may not place one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { answers, hangsUpAfter, speaksAndHangsUpAfter } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks, silentCarrier } from "./trunks.js";

/** KES 3.00 a minute. */
const MINOR_PER_MINUTE = 300;

describe("billing", { concurrency: true }, () => {
  let server, trunks, asha, key, calls;

  before(async () => {
    const reserved = await reserveTrunks({ long: [{}], short: [{}], twice: [{}], unseen: [{}] });
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    ({ workspace: asha, key } = await signIn(server.url, { email: "asha@example.com", number: "+254700000001" }));
    calls = callsOf(asha);
  });

  after(() => server?.stop());

  test("46.5 seconds are 47, and 47 seconds at KES 3.00 a minute are 235", async () => {
    const { done } = await carrier(speaksAndHangsUpAfter(3, 15_500), trunks.long.port);
    // Something to do, or the call would end soon after its notice.
    const id = await calls.place(trunks.long.number, { actions: [{ pause: { length: 120 } }] });
    await calls.that(id, "answered");
    await done;
    const call = await calls.billed(id);
    assert.deepEqual([call.status, call.hangup_cause, call.duration_seconds, call.cost_minor],
      ["completed", "normal_clearing", 47, 235]);
  });

  test("a call is paid by the second begun, and the ledger has the entry", async () => {
    const { done } = await carrier(hangsUpAfter(2_200), trunks.short.port);
    const id = await calls.place(trunks.short.number);
    await done;
    const call = await calls.billed(id);
    const seconds = Math.ceil((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000);
    assert.equal(call.duration_seconds, seconds);
    assert.equal(call.cost_minor, (seconds * MINOR_PER_MINUTE) / 60);
    const ledger = await asha.get("/v1/wallet/ledger");
    assert.equal(ledger.find((entry) => entry.id === call.ledger_entry_id).amount_minor, -call.cost_minor);
  });

  test("a repeated request with the same Idempotency-Key dials once", async () => {
    const { done } = await carrier(answers, trunks.twice.port);
    const request = {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Idempotency-Key": "the-same" },
      body: JSON.stringify({ from: asha.number, to: trunks.twice.number }),
    };
    const first = await fetch(`${server.url}/v1/calls`, request);
    const second = await fetch(`${server.url}/v1/calls`, request);
    assert.deepEqual([first.status, second.status], [202, 202]);
    const accepted = await first.json();
    assert.deepEqual(await second.json(), accepted);
    await calls.that(accepted.call_id, "answered");
    await calls.hangUp(accepted.call_id);
    await done;
    assert.equal((await calls.that(accepted.call_id, "completed")).hangup_cause, "api_hangup");
    const dialled = (await asha.get("/v1/calls?limit=200")).filter((call) => call.to === trunks.twice.number);
    assert.equal(dialled.length, 1);
  });

  test("the carrier never sees the call of an empty wallet", async () => {
    const unseen = await silentCarrier(trunks.unseen.port);
    const number = "+254700000002";
    const available = await asha.get("/v1/numbers/available?country=KE&currency=KES");
    // What claiming the number costs, which leaves nothing.
    const { due_now_minor: money } = available.find((offered) => offered.number === number);
    const { workspace: juma } = await signIn(server.url, { email: "juma@example.com", number, money });
    assert.equal(await juma.balance(), 0);
    const refused = await juma.post("/v1/calls", { from: juma.number, to: trunks.unseen.number }, 402);
    assert.equal(refused.error.code, "wallet.insufficient_funds");
    assert.deepEqual(await juma.get("/v1/calls"), []);
    // The next call is the first thing that arrives: nothing was sent for the refused one.
    const paid = await calls.place(trunks.unseen.number);
    await calls.that(paid, "ringing");
    await calls.hangUp(paid);
    const [invite] = await unseen.next();
    assert.match(invite, new RegExp(`^INVITE sip:\\${trunks.unseen.number}@`));
    unseen.close();
  });
});
