// A carrier's call that the customer's server connects to a browser, with sound in both directions.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listens } from "../sipp/callers.js";
import { CALLER } from "../sipp/scenario.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isRepeated } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { isIdle } from "../support/calls.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { readDescription } from "../support/description.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { areAsDescribed, startExpress } from "./express.js";

const SECRET = "a-secret-that-the-customer-chose";
const IDENTITY = "reception";

const PAGES = {
  "/voice": () => [{ dial: { to: { client: IDENTITY }, action: "/connected" } }],
  "/connected": () => [{ hangup: {} }],
};

let server, workspace, express, customer, browser, description;

before(async () => {
  const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  [server, browser] = await Promise.all([startOperated(settings), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  express = await startExpress(SECRET, PAGES);
  description = await readDescription(server.url);
  customer = await startCustomer(workspace);
  await workspace.route({ voice_callback_url: express.at("/voice"), voice_signing_secret: SECRET });
});

after(async () => {
  await browser?.close();
  customer?.stop();
  express?.stop();
  await server?.stop();
  if (express) areAsDescribed(description, express.callbacks);
});

test("a dial to the browser's identity rings it and connects, and says how it went", async () => {
  const token = await workspace.token({ identity: IDENTITY });
  const phone = await openPhone(browser, { customer, stack: "jssip", account: { server: server.url, ...token } });
  // The caller repeats what it hears, so that what comes back has gone both ways.
  const calling = caller(listens, workspace.number, server.sip, { more: ["-rtp_echo"] });
  // A failure of SIPp's shows below, as the event that does not come.
  calling.catch(() => {});
  assert.equal((await phone.sees("incoming")).from, CALLER);
  await phone.accept();
  await phone.sees("answered");
  await isRepeated(phone.page);
  await phone.hangup();
  assert.equal((await phone.sees("ended")).by, "us");
  const { form } = await express.told(({ path }) => path === "/connected");
  assert.deepEqual([form.DialCallStatus, form.DialBridgedTo], ["completed", IDENTITY]);
  await calling;
  const call = await workspace.newestBilled();
  assert.deepEqual([call.direction, call.status, call.cost_minor], ["inbound", "completed", 0]);
  assert.deepEqual(call.legs.map(({ kind }) => kind).sort(), ["client", "telephone"]);
  await phone.close();
  await isIdle(server);
});
