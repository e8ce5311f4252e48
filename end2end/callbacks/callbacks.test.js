// Calls that a customer's Express server steers, with SIPp as the carrier that delivers them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hangsUpAfter, isTold, listens, neverAcknowledges, presses } from "../sipp/callers.js";
import { CALLER } from "../sipp/scenario.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { callsOf, isIdle } from "../support/calls.js";
import { readDescription } from "../support/description.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { areAsDescribed, startExpress } from "./express.js";

const SECRET = "a-secret-that-the-customer-chose";
const WRONG_SECRET = "another-secret-of-sixteen-bytes";

const menu = () => [
  { say: { text: "Welcome. Press three keys." } },
  { getDigits: { numDigits: 3, timeout: 5, action: "/pressed" } },
];

const PAGES = {
  "/menu": menu,
  "/pressed": ({ Digits }) => [{ say: { text: `You pressed ${Digits}.` } }, { hangup: {} }],
  "/announcement": () => [{ say: { text: "All our lines are busy. Please hold the line.", loop: 0 } }],
  "/silence": () => [{ say: { text: "One moment." } }, { pause: { length: 60 } }],
  "/busy": () => [{ reject: { reason: "busy" } }],
};

describe("voice callbacks", { concurrency: true }, () => {
  let server, customer, description;

  before(async () => {
    const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
    server = await startOperated(settings);
    customer = await startExpress(SECRET, PAGES);
    description = await readDescription(server.url);
  });

  after(async () => {
    if (server) await isIdle(server);
    customer?.stop();
    await server?.stop();
    if (customer) areAsDescribed(description, customer.callbacks);
  });

  /** A workspace whose number, the `index`th of the inventory, asks the customer's page. */
  async function numberAsking(index, path, secret = SECRET) {
    const number = `+2547000000${String(index).padStart(2, "0")}`;
    const workspace = await openWorkspace(server.url, { email: `customer${index}@example.com`, number });
    await workspace.route({ voice_callback_url: customer.at(path), voice_signing_secret: secret });
    return { workspace, number, calls: callsOf(workspace) };
  }

  const isOf = (number) => ({ form }) => form.To === number;

  test("keys pressed in the customer's menu arrive as Digits", async () => {
    const { workspace, number } = await numberAsking(1, "/menu");
    await caller(presses(1, 2, 3), number, server.sip);
    const { path, form } = await customer.told(({ form }) => form.To === number && "Digits" in form);
    assert.deepEqual([path, form.Digits], ["/pressed", "123"]);
    const { form: begin } = customer.callbacks.find(isOf(number));
    assert.deepEqual([begin.From, begin.Direction, begin.CallStatus], [CALLER, "inbound", "ringing"]);
    const { form: end } = await customer.told(({ form }) => form.To === number && form.IsFinal === "true");
    assert.equal(end.CallStatus, "completed");
    const call = await workspace.newestBilled();
    assert.deepEqual([call.id, call.status, call.from, call.to, call.cost_minor],
      [form.CallId, "completed", CALLER, number, 0]);
  });

  test("a caller who hangs up ends what is being said", async () => {
    const { workspace, number } = await numberAsking(2, "/announcement");
    await caller(hangsUpAfter(1_000), number, server.sip);
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  });

  test("a number that rejects is busy and was never answered", async () => {
    const { workspace, number } = await numberAsking(3, "/busy");
    await caller(isTold(486), number, server.sip);
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.answered_at], ["busy", null]);
  });

  test("an answer that the caller never acknowledges is said again, then the call is ended", async () => {
    const { workspace, number } = await numberAsking(4, "/silence");
    await caller(neverAcknowledges, number, server.sip, { more: ["-nr"] });
    const call = await workspace.newestBilled();
    assert.equal(call.status, "completed");
  });

  test("a server that checks with another secret refuses the callback, and the caller hears an apology", async () => {
    const { workspace, number } = await numberAsking(5, "/menu", WRONG_SECRET);
    await caller(listens, number, server.sip);
    const call = await workspace.newestBilled();
    assert.equal(call.hangup_cause, "call.callback_failed");
    assert.equal(customer.callbacks.find(isOf(number)), undefined);
  });
});
