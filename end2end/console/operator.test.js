// What an operator sees of an installation while it works: running calls of every workspace, whose end asks first and stands in the
// workspace's audit log, the nodes, the overview, and who is registered.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const OPERATOR = "operator@example.co.ke";
const NUMBER = "+254700000001";
const CALLEE = "+254722000042";

let server, browser, page, customer;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  ({ workspace: customer } = await signIn(server.url, { email: "customer@example.com", number: NUMBER }));
  const { workspace: operator } = await signIn(server.url, { email: OPERATOR, number: "+254700000002" });
  assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
  page = await openPage(browser);
  const [name, value] = operator.headers.Cookie.split("=");
  await page.context().addCookies([{ name, value, url: server.url }]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("the list of running calls is told of a call that begins, and looks at nothing by itself", async () => {
  const told = page.waitForResponse((answer) => answer.url().includes("/v1/workspace/changes") && answer.status() === 200);
  await page.goto(`${server.url}/operator/calls`);
  await told;
  await page.evaluate(() => { window.isTheSame = true; });
  const { call_id } = await customer.post("/v1/calls", { from: NUMBER, to: CALLEE, actions: [{ pause: { length: 600 } }] }, 202);
  const row = page.locator("tbody tr", { hasText: "customer@example.com" });
  await row.waitFor();
  await customer.post(`/v1/calls/${call_id}/hangup`, {});
  await row.waitFor({ state: "detached" });
  assert.ok(await page.evaluate(() => window.isTheSame));
  assert.deepEqual(page.problems, []);
});

test("a running call of any workspace is seen, and its end asks first", async () => {
  const order = { from: NUMBER, to: CALLEE, actions: [{ pause: { length: 600 } }] };
  const { call_id } = await customer.post("/v1/calls", order, 202);
  await page.goto(`${server.url}/operator/calls`);
  const row = page.locator("tbody tr", { hasText: "customer@example.com" });
  await row.getByText("In progress").waitFor();
  const clock = row.locator("[data-running-ms]");
  const before = await clock.innerText();
  await eventually("its clock goes on", async () => (await clock.innerText()) !== before);
  await row.locator("summary").click();
  await page.getByText("Ends +254700000001 → +254722000042 for everybody in it.").waitFor();
  assert.equal((await customer.get(`/v1/calls/${call_id}`)).status, "answered", "nothing was done yet");
  await page.getByRole("button", { name: "Hang up this call" }).click();
  await page.getByText("The call is being ended").waitFor();
  await eventually("its end", async () => (await customer.get(`/v1/calls/${call_id}`)).ended_at);
  const [entry] = await customer.get("/v1/audit?action_kind=call.ended_by_request");
  assert.deepEqual([entry.actor.kind, entry.subject_id], ["operator", call_id]);
  await page.getByText("No call runs").waitFor();
  assert.deepEqual(page.problems, []);
});

test("the node says what runs on it, and the overview that all is well", async () => {
  await page.goto(`${server.url}/operator/nodes`);
  const node = page.locator("tbody tr");
  assert.equal(await node.count(), 1);
  assert.match(await node.innerText(), /Takes calls[^]*0[^]*\d+\.\d+\.\d+/);
  await page.goto(`${server.url}/operator/overview`);
  await page.getByText("Everything is well").waitFor();
  assert.match(await page.locator(".stats").innerText(), /1 \/ 1/);
});

test("nobody is registered, and the key of their tokens is rotated once it was asked", async () => {
  const signedBy = async () => (await customer.post("/v1/sip/token", {})).token.split(".")[0];
  const before = await signedBy();
  await page.goto(`${server.url}/operator/registrations`);
  await page.getByText("Nobody is registered").waitFor();
  await page.locator("summary", { hasText: "Rotate the key" }).click();
  await page.getByText("Tokens that are out are good until they expire").waitFor();
  assert.equal(await signedBy(), before, "nothing was done yet");
  await page.locator("form button", { hasText: "Rotate the key" }).click();
  await page.getByText("A new key signs", { exact: true }).waitFor();
  assert.notEqual(await signedBy(), before, "its header names another key");
  await page.goto(`${server.url}/operator/registrations?identity=asha`);
  await page.getByText("Nobody who is registered matches").waitFor();
  assert.deepEqual(page.problems, []);
});

test("a node that takes no new calls says since when", async () => {
  assert.equal((await server.command("drain")).code, 0);
  await page.goto(`${server.url}/operator/nodes`);
  await page.getByText("Takes no new calls").waitFor();
  await page.goto(`${server.url}/operator/overview`);
  await page.getByText(/^Node \S+ takes no new calls$/).waitFor();
  assert.deepEqual(page.problems, []);
});
