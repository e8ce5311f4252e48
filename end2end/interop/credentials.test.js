// JsSIP and SIP.js with the SIP credential of a device in place of a token: what a softphone in a page, or a desk phone's, has.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { hears, isRepeated } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

const ANSWERS = "+254722000042";
const DIGEST = "by digest";

let server, browser, workspace, customer, phone;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  customer = await startCustomer(workspace);
});

after(async () => {
  customer?.stop();
  await browser?.close();
  await server?.stop();
});

afterEach(async () => {
  await phone?.close();
  phone = undefined;
});

/** A phone with a new credential of the workspace's number, or another password. */
async function open(stack, password) {
  const [number] = await workspace.get("/v1/numbers");
  const made = await workspace.post(`/v1/numbers/${number.id}/sip-credentials`, { label: stack }, 201);
  const { domain, ws_url } = await workspace.get(`/v1/numbers/${number.id}/sip-config`);
  const account = { ws_url, sip_uri: `sip:${made.username}@${domain}`, token: password ?? made.password };
  phone = await openPhone(browser, { customer, stack, account, how: DIGEST });
  return made;
}

for (const stack of ["jssip", "sipjs"]) {
  test(`${stack} registers with a credential, calls from its number and hears`, { timeout: 60_000 }, async () => {
    const made = await open(stack);
    const registered = await workspace.get("/v1/sip/registrations");
    assert.ok(registered.some(({ credential_id: id, transport }) => id === made.id && /^wss?$/.test(transport)), JSON.stringify(registered));
    await phone.call(ANSWERS);
    await phone.sees("answered");
    await hears(phone.page);
    await isRepeated(phone.page);
    await phone.hangup();
    await phone.sees("ended");
    const call = await workspace.newestBilled();
    assert.deepEqual([call.from, call.to, call.status], [workspace.number, ANSWERS, "completed"]);
  });

  test(`${stack} rings where the credential's number is called`, { timeout: 60_000 }, async () => {
    await open(stack);
    await workspace.callUs();
    assert.equal((await phone.sees("incoming")).from, ANSWERS);
    await phone.accept();
    await phone.sees("answered");
    await hears(phone.page);
    await phone.hangup();
    await phone.sees("ended");
    assert.equal((await workspace.newestBilled()).direction, "inbound");
  });

  test(`${stack} registers nothing with another password`, { timeout: 60_000 }, async () => {
    await assert.rejects(open(stack, "not-the-password"), /40[13]/);
  });
}
