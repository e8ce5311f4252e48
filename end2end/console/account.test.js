// One person: where they are signed in, their keys; and the operator who suspends a workspace.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { press, shown, signIn, signUp } from "./newcomer.js";

const EMAIL = "pendo@example.co.ke";
const OPERATOR = "rehema@example.co.ke";

let server, browser, page, other;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  [page, other] = [await openPage(browser), await openPage(browser)];
  await signUp(page, server, EMAIL, { name: "Pendo", workspace: "Kliniki" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The status that the API gives a key. */
const statusWith = async (key) => (await fetch(`${server.url}/v1/calls`, { headers: { Authorization: `Bearer ${key}` } })).status;
const newKey = () => page.locator("#new-key").innerText();

test("a name is changed", async () => {
  await page.goto(`${server.url}/profile`);
  await page.getByLabel("Your name").fill("Pendo Achieng");
  await press(page, "Save");
  await shown(page, "Your name was saved");
  await page.locator(".sidebar__body--wide .account__person", { hasText: "Pendo Achieng" }).waitFor();
});

test("another browser's session is seen and signed out", async () => {
  await signIn(other, server, EMAIL);
  await other.waitForURL("**/home");
  await page.goto(`${server.url}/profile`);
  assert.equal(await page.locator("tbody tr").count(), 2);
  await page.getByRole("button", { name: /^Sign out Chrome/ }).click();
  await shown(page, "That session was signed out");
  await other.goto(`${server.url}/home`);
  await other.waitForURL("**/signin");
});

test("all others are signed out by one button", async () => {
  await signIn(other, server, EMAIL);
  await other.waitForURL("**/home");
  await page.goto(`${server.url}/profile`);
  await press(page, "Sign out everywhere else");
  await shown(page, "You are signed out everywhere else");
  assert.equal(await page.locator("tbody tr").count(), 1);
  await other.goto(`${server.url}/home`);
  await other.waitForURL("**/signin");
});

test("a key is made with few scopes and an end, used, rotated and revoked", async () => {
  await page.goto(`${server.url}/developers/keys`);
  await page.getByLabel("Name").fill("billing");
  await page.getByLabel("Expires on").fill("2099-12-31");
  await page.getByRole("checkbox", { name: /^calls:read/ }).check();
  await press(page, "Create key");
  await shown(page, "Copy your new key now");
  const first = await newKey();
  assert.equal(await statusWith(first), 200);
  await page.goto(`${server.url}/developers/requests?api_key_id=&status=4xx`);
  await page.getByLabel("API key").selectOption("billing");
  await press(page, "Filter");
  await shown(page, "No request matches these filters");
  await page.getByLabel("Status").selectOption("Succeeded");
  await press(page, "Filter");
  // A page that is reloaded while it is being left has nothing to reload.
  await page.waitForURL(/[?&]status=2xx/);
  // The log is written after the answer.
  await eventually("the key's request", async () => {
    await page.reload();
    return page.locator("tbody tr", { hasText: "GET /v1/calls" }).filter({ hasText: "billing" }).count();
  });

  await page.goto(`${server.url}/developers/keys`);
  const told = await page.locator("tbody tr").innerText();
  assert.match(told, /calls:read/);
  assert.match(told, /127\.0\.0\.1/);
  assert.match(told, /2099|2100/);

  await page.locator("summary", { hasText: "Rotate" }).click();
  await page.getByLabel("The present secret ends").selectOption("in an hour");
  await press(page, "Rotate key");
  await shown(page, "Copy your new key now");
  const second = await newKey();
  assert.notEqual(second, first);
  assert.deepEqual([await statusWith(first), await statusWith(second)], [200, 200]);

  await page.goto(`${server.url}/developers/keys`);
  await page.locator("summary", { hasText: "Revoke" }).click();
  await page.getByLabel("Type “billing” to confirm").fill("billing");
  await press(page, "Revoke key");
  await shown(page, "The key was revoked");
  assert.deepEqual([await statusWith(first), await statusWith(second)], [401, 401]);
});

test("an operator finds the workspace, suspends it with a reason and lets it work again", async () => {
  await signUp(other, server, OPERATOR, { name: "Rehema", workspace: "Sautikit" });
  assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
  await other.goto(`${server.url}/operator/workspaces`);
  await other.getByLabel("Name or id").fill("klin");
  await press(other, "Find");
  assert.equal(await other.locator("tbody tr").count(), 1);
  await other.locator("summary", { hasText: "Suspend" }).click();
  await other.getByLabel("Reason").fill("unpaid invoice");
  await press(other, "Suspend workspace");
  await shown(other, "The workspace is suspended");

  await page.goto(`${server.url}/developers/keys`);
  await shown(page, "Suspended");
  assert.equal(await page.getByRole("button", { name: "Create key" }).count(), 0);
  await page.goto(`${server.url}/workspace/audit`);
  await page.locator(".changes", { hasText: "unpaid invoice" }).waitFor();

  await other.locator("summary", { hasText: "Resume" }).click();
  await press(other, "Resume Kliniki");
  await shown(other, "The workspace works again");
  await page.goto(`${server.url}/developers/keys`);
  await page.getByRole("button", { name: "Create key" }).waitFor();
});

test("the operator's page is for operators", async () => {
  other.problems.length = 0;
  await page.goto(`${server.url}/home`);
  assert.deepEqual(page.problems, []);
  await page.goto(`${server.url}/operator/workspaces`);
  await page.getByText("auth.admin_required").waitFor();
  page.problems.length = 0; // The refusal itself.
});
