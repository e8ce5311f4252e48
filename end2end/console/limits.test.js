// What calls may, and who is told when the money runs low: set in the console, held by the API, drilled from the command line.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { NUMBER, press, settleIn, shown, signUp } from "./newcomer.js";

const EMAIL = "wambui@example.co.ke";
const OPERATOR = "otieno@example.co.ke";

let server, browser, page, operator, workspaceId;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  [page, operator] = [await openPage(browser), await openPage(browser)];
  await settleIn(page, server, EMAIL);
  await signUp(operator, server, OPERATOR, { name: "Otieno", workspace: "Sautikit" });
  assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
  workspaceId = (await api("GET", "/v1/workspace")).body.id;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A request of the page's own session. */
async function api(method, path, body) {
  const headers = { "Content-Type": "application/json", Origin: server.url };
  const answer = await page.context().request.fetch(server.url + path, { method, headers, data: body });
  return { status: answer.status(), body: await answer.json() };
}
const call = (to) => api("POST", "/v1/calls", { from: NUMBER, to });

test("a drill finds what an attack could cost before anything is limited", async () => {
  const { code, output } = await server.command("fraud", "drill", workspaceId);
  assert.equal(code, 1);
  assert.match(output, /premium-rate numbers/);
  assert.match(output, /refused: is a premium-rate number/);
  assert.match(output, /refused: belongs to a satellite or international network/);
  assert.match(output, /the dearest attack costs KES/);
});

test("limits are set, shown with what is used, and hold", async () => {
  await page.goto(`${server.url}/wallet`);
  await page.getByRole("link", { name: "Limits" }).click();
  await page.getByLabel("Spend a day").fill("20.00");
  await page.getByLabel("Calls at the same time").fill("1");
  await press(page, "Set limits");
  await shown(page, "The limits are set");
  assert.match(await page.locator("tbody tr", { hasText: "Spend a day" }).innerText(), /KES 20\.00/);
  assert.match(await page.locator("tbody tr", { hasText: "Countries" }).innerText(), /KE/);
  const first = await call("+254722000042");
  assert.equal(first.status, 202);
  assert.equal((await call("+254722000043")).body.error.code, "calls.limit_exceeded");
  await api("POST", `/v1/calls/${first.body.call_id}/hangup`, {});
  const blocked = await call("+255713000000");
  assert.deepEqual([blocked.body.error.code, blocked.body.error.field], ["calls.destination_blocked", "to"]);
  assert.equal((await server.command("fraud", "drill", workspaceId)).code, 0);
});

test("more than the operator allows is refused at its field", async () => {
  await page.goto(`${server.url}/wallet/limits`);
  await page.getByLabel("Countries").fill("KE, TZ");
  await press(page, "Set limits");
  await page.locator(".field__error", { hasText: "for the operator to open" }).waitFor();
});

test("an operator opens a country, and the workspace may call it", async () => {
  await operator.goto(`${server.url}/operator/workspaces`);
  await operator.getByRole("link", { name: "Duka" }).click();
  await operator.getByLabel("Countries").fill("KE, TZ");
  await press(operator, "Set limits");
  await shown(operator, "The limits are set");
  await page.goto(`${server.url}/wallet/limits`);
  await page.getByLabel("Countries").fill("KE, TZ");
  await press(page, "Set limits");
  await shown(page, "The limits are set");
  // It has no price yet.
  assert.equal((await call("+255713000000")).body.error.details.reason, "price");
});

test("whoever subscribes is told once when the balance falls below the threshold", async () => {
  await page.goto(`${server.url}/wallet`);
  await page.getByRole("link", { name: "Alerts" }).click();
  await page.getByLabel("Alert below").fill("1,000,000.00");
  await press(page, "Save");
  await shown(page, "The alert is set");
  await page.getByLabel("E-mail address").fill("books@example.co.ke");
  await press(page, "Add");
  await shown(page, "They are told from now on");
  await page.getByLabel("E-mail address").fill("books@example.co.ke");
  await press(page, "Add");
  await page.locator(".field__error, .notice", { hasText: "subscribed already" }).first().waitFor();
  // Below it already: only another fall is told. Down to what is there, and a call takes the rest.
  const { body: wallet } = await api("GET", "/v1/wallet/balance");
  await api("PUT", "/v1/wallet/alerts", { low_balance_threshold_minor: wallet.balance_minor });
  const placed = await call("+254722009905");
  assert.equal(placed.status, 202);
  await eventually("the mail", async () => {
    const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
    return mails.filter((mail) => mail.to.includes("books@example.co.ke")).length === 1;
  });
  await page.goto(`${server.url}/wallet/alerts`);
  await press(page, "Remove books@example.co.ke");
  await shown(page, "They are told no more");
  await shown(page, "Nobody is told yet");
});

test("nothing was wrong on the way", () => {
  assert.deepEqual(page.problems.filter((problem) => !/\b(400|409)\b/.test(problem)), []);
});
