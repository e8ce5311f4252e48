// Handlers as they run at other platforms today: Twilio's checks the signature with Twilio's own package, Africa's Talking's
// knows sessionId, isActive and dtmfDigits. Neither knows Sautikit.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import express from "express";
import { presses } from "../sipp/callers.js";
import { CALLER } from "../sipp/scenario.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { readDescription } from "../support/description.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const require = createRequire(import.meta.url);
const twilio = require("twilio");
const ActionBuilder = require("africastalking/lib/actionbuilder");

/** As Twilio's look: 32 hexadecimal digits. */
const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";

/** A customer's server on a free port; `handle` registers its pages. */
async function serve(handle) {
  const forms = [];
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  handle(app, forms);
  const listener = app.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    forms,
    at: (path) => `http://127.0.0.1:${listener.address().port}${path}`,
    told: (is) => eventually("a callback", () => forms.find(is)),
    stop() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

/** A menu as for Twilio. The package's middleware answers 403 to what Twilio would not have signed. */
const ofTwilio = (app, forms) => {
  const isTwilio = twilio.webhook(AUTH_TOKEN, { protocol: "http" });
  app.post("/voice", isTwilio, (request, response) => {
    forms.push(request.body);
    const answer = new twilio.twiml.VoiceResponse();
    answer.gather({ numDigits: 3, action: "/keys?menu=1&lang=sw" }).say("Press three keys.");
    response.type("text/xml").send(answer.toString());
  });
  app.post("/keys", isTwilio, (request, response) => {
    forms.push(request.body);
    const answer = new twilio.twiml.VoiceResponse();
    answer.say(`You pressed ${request.body.Digits}.`);
    answer.hangup();
    response.type("text/xml").send(answer.toString());
  });
};

/** The same as for Africa's Talking: one URL for everything. */
const ofAfricasTalking = (app, forms) => {
  app.post("/voice", (request, response) => {
    const { isActive, dtmfDigits } = request.body;
    forms.push(request.body);
    if (isActive !== "1") return response.send("");
    const actions = new ActionBuilder();
    if (dtmfDigits) actions.say(`You pressed ${dtmfDigits}.`);
    else actions.getDigits({ say: { text: "Press three keys." } }, { numDigits: 3, timeout: 10 });
    response.send(actions.build());
  });
};

describe("handlers of other platforms", { concurrency: true }, () => {
  let server, description;
  const customers = [];

  before(async () => {
    const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
    server = await startOperated(settings);
    description = await readDescription(server.url);
  });
  after(async () => {
    if (server) await isIdle(server);
    customers.forEach((customer) => customer.stop());
    await server?.stop();
  });

  /** A workspace whose number, the `index`th of the inventory, is routed to such a handler. */
  async function routed(index, handle, compat) {
    const number = `+2547000000${String(index).padStart(2, "0")}`;
    const customer = await serve(handle);
    customers.push(customer);
    const workspace = await openWorkspace(server.url, { email: `${compat}${index}@example.com`, number });
    await workspace.route({ voice_callback_url: customer.at("/voice"), voice_signing_secret: AUTH_TOKEN, compat });
    return { customer, workspace, number };
  }

  test("a menu for Twilio, whose own package checks each request, runs to its end", async () => {
    const { customer, workspace, number } = await routed(1, ofTwilio, "twilio");
    await caller(presses(1, 2, 3), number, server.sip);
    const end = await customer.told((form) => form.CallbackSource);
    const [begin, keys] = customer.forms;
    assert.deepEqual([begin.CallStatus, begin.From, begin.Called, begin.Direction], ["ringing", CALLER, number, "inbound"]);
    assert.deepEqual([keys.Digits, keys.CallStatus, keys.CallSid], ["123", "in-progress", begin.CallSid]);
    assert.deepEqual([end.CallStatus, end.CallSid], ["completed", begin.CallSid]);
    assert.ok(Math.abs(Date.parse(end.Timestamp) - Date.now()) < 60_000, end.Timestamp);
    for (const form of customer.forms) description.assertAllows("VoiceCallbackAsOfTwilio", { ...form });
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.hangup_cause, String(call.duration_seconds)], ["completed", "normal_clearing", end.CallDuration]);
  });

  test("a menu for Africa's Talking runs to its end", async () => {
    const { customer, workspace, number } = await routed(2, ofAfricasTalking, "africastalking");
    await caller(presses(1, 2, 3), number, server.sip);
    const end = await customer.told((form) => form.isActive === "0");
    const [begin, keys] = customer.forms;
    assert.deepEqual([begin.isActive, begin.direction, begin.callerNumber, begin.destinationNumber], ["1", "Inbound", CALLER, number]);
    assert.deepEqual([keys.dtmfDigits, keys.sessionId], ["123", begin.sessionId]);
    assert.deepEqual([end.status, end.hangupCause, end.currencyCode, end.amount], ["Success", "NORMAL_CLEARING", "KES", "0.00"]);
    for (const form of customer.forms) description.assertAllows("VoiceCallbackAsOfAfricasTalking", { ...form });
    const call = await workspace.newestBilled();
    assert.equal(String(call.duration_seconds), end.durationInSeconds);
  });

  test("the test of a routing asks as a call would", async () => {
    const { customer, workspace } = await routed(3, ofTwilio, "twilio");
    const tested = await workspace.post(`/v1/numbers/${workspace.numberId}/routing/test`, {});
    assert.equal(tested.error, null);
    assert.deepEqual(tested.actions.map((action) => Object.keys(action)[0]), ["getDigits", "hangup"]);
    assert.match(tested.request.headers["x-twilio-signature"], /^[0-9A-Za-z+/]{27}=$/);
    assert.equal(customer.forms[0].Test, "true");
    await workspace.route({ voice_signing_secret: "another-token-of-the-customer" });
    const refused = await workspace.post(`/v1/numbers/${workspace.numberId}/routing/test`, {});
    assert.equal(refused.response.status, 403);
  });
});
