// Connections that drop and pages that go away, with our SDK against the real server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hears } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { startCuttable } from "../support/cuttable.js";
import { openPhone } from "../support/phone.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const ANSWERS = "+254722000042";
const NEVER_ANSWERS = "+254722009902";
const HANGS_UP = "+254722009905";

let server, browser, workspace, customer, way;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  customer = await startCustomer(workspace);
  way = await startCuttable(server.url.replace("http://", ""));
});
after(async () => {
  way?.stop();
  customer?.stop();
  await browser?.close();
  await server?.stop();
});

/** A phone whose WebSocket passes the way that can be cut. */
const open = async (identity) => {
  const account = { server: server.url, from: workspace.number, gateway: `ws://${way.address}/sip`, ...(await workspace.token({ identity })) };
  return openPhone(browser, { customer, stack: "sdk", account, how: "by its own token, over a way that can be cut" });
};

const newestCall = async () => (await workspace.get("/v1/calls?limit=1"))[0];
const happened = async (id) => (await workspace.get(`/v1/calls/${id}/events`)).map(({ kind }) => kind);

test("a call outlives its dropped connection, and hanging up on the next one ends it", { timeout: 60_000 }, async () => {
  const phone = await open("drops");
  await phone.call(ANSWERS);
  await phone.sees("answered");
  await hears(phone.page);
  const { id } = await newestCall();
  way.cut();
  await phone.sees("reconnected");
  await eventually("the leg's return", async () => (await happened(id)).includes("leg.back"));
  await hears(phone.page);
  await phone.hangup();
  assert.equal((await phone.sees("ended")).by, "us");
  const call = await workspace.newestBilled((call) => call.id === id);
  assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  await phone.close();
});

test("a call outlives more than one drop, and the far side's hang-up arrives over the last connection", { timeout: 60_000 }, async () => {
  const phone = await open("drops-twice");
  await phone.call(HANGS_UP);
  await phone.sees("answered");
  way.cut();
  await phone.sees("reconnected");
  await phone.page.evaluate(() => window.phone.log.length = 0);
  way.cut();
  assert.equal((await phone.sees("ended")).by, "them");
  assert.equal((await workspace.newestBilled(({ to }) => to === HANGS_UP)).hangup_cause, "normal_clearing");
  await phone.close();
});

test("a page that is closed while its call rings cancels it, and nobody is answered by nobody", { timeout: 60_000 }, async () => {
  const phone = await open("leaves");
  await phone.call(NEVER_ANSWERS);
  await phone.sees("ringing");
  const { id } = await newestCall();
  await phone.close();
  const call = await workspace.newestBilled((call) => call.id === id);
  assert.deepEqual([call.status, call.cost_minor], ["canceled", 0]);
});

test("a caller whose connection drops while it rings has given up", { timeout: 60_000 }, async () => {
  const phone = await open("drops-ringing");
  await phone.call(NEVER_ANSWERS);
  await phone.sees("ringing");
  const { id } = await newestCall();
  way.cut();
  assert.equal((await phone.sees("ended")).by, "them");
  const call = await workspace.newestBilled((call) => call.id === id);
  assert.deepEqual([call.status, call.cost_minor], ["canceled", 0]);
  await phone.close();
});

test("a page that is closed while it rings leaves the others ringing, and alone it is away, not broken", { timeout: 60_000 }, async () => {
  const [first, second] = [await open("two-pages"), await open("two-pages")];
  await workspace.callUs();
  await Promise.all([first.sees("incoming"), second.sees("incoming")]);
  await first.close();
  await second.accept();
  await second.sees("answered");
  await second.hangup();
  await second.sees("ended");
  const caller = "+254733000001";
  await workspace.callUs(caller);
  await second.page.waitForFunction(() => window.phone.log.filter(({ event }) => event === "incoming").length === 2);
  await second.close();
  const call = await workspace.newestBilled(({ from }) => from === caller);
  assert.deepEqual([call.status, call.cost_minor], ["no_answer", 0]);
});
