// The first thing that a newcomer does, in the browser and in nothing else: from the sign-in form to a billed call.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { codec, hears, isRepeated } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { mailedLink } from "../support/workspace.js";
import { NUMBER, claim, press, shown } from "./newcomer.js";

const EMAIL = "amina@example.co.ke";
const CALLED = "+254722000042";

let server, browser, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await openPage(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The figure under a label of the page's row of figures. */
const figure = (label) => page.locator(".stat", { has: page.getByText(label, { exact: true }) }).locator(".stat__value").innerText();
/** Minor units of an amount such as `KES 1,000.00`. */
const minor = (money) => Number(money.replace(/[^0-9]/g, ""));

async function walletBalance() {
  await page.goto(`${server.url}/wallet`);
  return minor(await figure("Balance"));
}

test("a newcomer signs in by mail and sets up a workspace", async () => {
  await page.goto(`${server.url}/signin`);
  await page.getByLabel("E-mail address").fill(EMAIL);
  await press(page, "Send me a link");
  await shown(page, "Check your mail");
  await page.goto(`${server.url}/dev/mail`);
  await page.locator(`a[href="${await mailedLink(server.url, EMAIL)}"]`).click();
  await press(page, "Sign in");
  await page.getByLabel("Your name").fill("Amina");
  await page.getByLabel("Workspace name").fill("Acme");
  await press(page, "Create workspace");
  await page.waitForURL("**/home");
});

test("tops up by the simulator and claims a number", async () => {
  await page.goto(`${server.url}/wallet`);
  await page.getByLabel("Amount", { exact: true }).fill("1,000");
  await page.getByLabel("M-Pesa phone").fill("0722 000 001");
  await press(page, "Request payment");
  await shown(page, "Payment received");
  assert.equal(await walletBalance(), 100_000);
  await page.goto(`${server.url}/numbers`);
  await claim(page, NUMBER);
  await shown(page, "The number is yours");
});

test("calls from the softphone, hears and is heard, and pays exactly what the call page says", async () => {
  const before = await walletBalance();
  await page.goto(`${server.url}/softphone`);
  await shown(page, "Ready");
  await page.locator('[data-phone="to"]').fill(CALLED);
  await press(page, "Call");
  await shown(page, "Ringing");
  await shown(page, "In call");
  await hears(page);
  assert.equal(await codec(page), "audio/opus");
  await isRepeated(page);
  await press(page, "Hang up");
  await page.waitForSelector('[data-phone="root"][data-state="idle"]');

  await page.goto(`${server.url}/calls`);
  await page.locator('tbody a[href^="/calls/"]').first().click();
  await shown(page, "Completed");
  const seconds = await figure("Duration");
  await page.waitForFunction(() => !document.body.innerText.includes("Pending"));
  const cost = minor(await figure("Cost"));
  assert.match(seconds, /\d/);
  assert.ok(cost > 0);
  assert.equal(await walletBalance(), before - cost);
});

test("the quickstart makes its key and places its call, which appears beside the code and says what it cost", async () => {
  await page.goto(`${server.url}/docs/guides/quickstart`);
  await press(page, "Make a key for this page");
  await shown(page, "The code on this page has your new key. Copy it now: it is not shown again.");
  const code = await page.locator(".prose code", { hasText: "export SAUTIKIT_URL" }).innerText();
  assert.ok(code.includes(`export SAUTIKIT_URL=${server.url}`), code);
  assert.match(code, /^export SAUTIKIT_API_KEY=skt_test_[0-9A-Za-z]{38}$/m);
  await page.goto(`${server.url}/docs/guides/quickstart`);
  await press(page, "Run it");
  await page.waitForURL("**/docs/guides/quickstart?call=*");
  const placed = page.locator(".docs__placed");
  await placed.filter({ hasText: "Completed" }).filter({ hasText: "KES" }).waitFor();
  await placed.getByRole("link", { name: "Open the call's page" }).click();
  await page.waitForURL("**/calls/*");
  await shown(page, "Completed");
});

test("the ledger agrees beside the live server", async () => {
  const { code, output } = await server.command("ledger", "verify");
  assert.equal(code, 0, output);
});

test("no page on the way or in the menu had an error or broke its content security policy", async () => {
  await page.goto(`${server.url}/home`);
  const paths = await page.locator('nav a[href^="/"]').evaluateAll((links) => links.map((link) => link.pathname));
  for (const path of new Set(["/", ...paths])) await page.goto(server.url + path);
  assert.deepEqual(page.problems, []);
});
