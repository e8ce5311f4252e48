// A caller from a carrier is connected with a SIP address of another domain, at somebody else's server: SIPp.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startExpress } from "../callbacks/express.js";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { hangsUpAfter as callsAndHangsUpAfter, isTold, listens } from "./callers.js";
import { challengesAndAnswers, hangsUpAfter, refuses } from "./carriers.js";
import { proves } from "./digest.js";
import { HOST, caller, carrier, ownPort } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const SECRET = "a-secret-that-the-customer-chose";

const ACCOUNT = { username: "simba", password: "correct horse battery staple" };

let server, workspace, express, port;
let account = {};

const PAGES = {
  "/voice": () => [{ dial: { to: { sip: `sip:sales@${HOST}:${port}`, ...account }, action: "/connected" } }],
  "/connected": () => [{ hangup: {} }],
};

before(async () => {
  const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  server = await startOperated(`sip.external_targets = true\n${settings}`);
  workspace = await openWorkspace(server.url);
  express = await startExpress(SECRET, PAGES);
  await workspace.route({ voice_callback_url: express.at("/voice"), voice_signing_secret: SECRET });
});

after(async () => {
  if (server) await isIdle(server);
  express?.stop();
  await server?.stop();
});

/** A caller is connected with a server outside that does this; what the customer was told of it, and the call. */
async function dialled(scenario, calls = listens) {
  port = ownPort();
  const told = express.callbacks.length;
  const outside = await carrier(scenario, port);
  const calling = caller(calls, workspace.number, server.sip);
  // A failure of SIPp's shows below, as the request that does not come.
  calling.catch(() => {});
  const { form } = await express.told((callback) => express.callbacks.indexOf(callback) >= told && callback.path === "/connected");
  await Promise.all([calling, outside.done]);
  return form;
}

test("it rings, is connected and hangs up, free of charge", async () => {
  const form = await dialled(hangsUpAfter(1_000));
  assert.equal(form.DialCallStatus, "completed");
  assert.equal(form.DialBridgedTo, `sip:sales@${HOST}:${port}`);
  const call = await workspace.newestBilled();
  assert.deepEqual([call.status, call.cost_minor], ["completed", 0]);
  const leg = call.legs.find(({ kind }) => kind === "sip");
  assert.deepEqual([leg.target, leg.rate_per_min_e4], [`sip:sales@${HOST}:${port}`, 0]);
});

test("what it refuses is told as of any target", async () => {
  const form = await dialled(refuses("486 Busy Here"), isTold(486));
  assert.equal(form.DialCallStatus, "busy");
});

test("a server that asks who calls is told what the document says, and the password stands nowhere", async () => {
  port = ownPort();
  account = ACCOUNT;
  const outside = await carrier(challengesAndAnswers("401 Unauthorized", "WWW-Authenticate", "Authorization"), port);
  await caller(callsAndHangsUpAfter(1_000), workspace.number, server.sip);
  assert.ok(proves(await outside.done, ACCOUNT, /^sip:sales@/));
  account = {};
  const call = await workspace.newestBilled();
  assert.equal(call.status, "completed");
  const events = JSON.stringify(await workspace.get(`/v1/calls/${call.id}/events`));
  assert.ok(events.includes(ACCOUNT.username) && !events.includes(ACCOUNT.password), events);
});
