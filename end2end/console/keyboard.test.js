// Money by keyboard alone, on a page as wide as a phone, without script: the price list, a top-up, a claim, and what it says afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually, mailedLink } from "../support/workspace.js";

const EMAIL = "halima@example.co.ke";
const NUMBER = "+254700000001";
/** Whoever has to press Tab more often than this gives up. */
const MOST_TABS = 60;

let server, browser, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const phone = { javaScriptEnabled: false, locale: "en-US", viewport: { width: 360, height: 740 } };
  page = await (await browser.newContext(phone)).newPage();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Presses Tab until what is wanted has the focus, which can be seen where it is. */
async function reach(wanted) {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.and(page.locator(":focus")).count()) {
      assert.ok(await wanted.isVisible());
      return;
    }
  }
  throw new Error(`not reached in ${MOST_TABS} tabs: ${wanted}`);
}

const enter = () => Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
const button = (name) => page.getByRole("button", { name, exact: true });
const link = (name) => page.getByRole("link", { name, exact: true });

async function type(field, text) {
  await reach(field);
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(text);
}

/** The running month where the workspace is. */
const month = () => new Date().toLocaleDateString("sv", { timeZone: "Africa/Nairobi" }).slice(0, 7);

/** No page is wider than the phone. */
const fits = async () => assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url());

/** What a person without script does: look again. */
const comes = (text) => eventually(text, async () => {
  await page.reload();
  return (await page.getByText(text).count()) > 0;
});

test("the public price list", async () => {
  await page.goto(server.url);
  await fits();
  await reach(link("Pricing").first());
  await enter();
  await fits();
  const prices = await page.locator("main").innerText();
  assert.match(prices, /Kenya/);
  assert.match(prices, /KES/);
});

test("signing up", async () => {
  await page.goto(`${server.url}/signin`);
  await type(page.getByLabel("E-mail address"), EMAIL);
  await enter();
  await page.goto(await mailedLink(server.url, EMAIL));
  await reach(button("Sign in"));
  await enter();
  await type(page.getByLabel("Your name"), "Halima");
  await type(page.getByLabel("Workspace name"), "Duka");
  await enter();
  await page.getByText("0 of 5 done").waitFor();
});

test("a top-up", async () => {
  await page.goto(`${server.url}/wallet`);
  await fits();
  await type(page.getByLabel("Amount", { exact: true }), "2,500");
  await type(page.getByLabel("M-Pesa phone"), "0722 000 001");
  // Enter in a field presses the form's first button.
  await enter();
  await comes("Payment received");
  assert.match(await page.locator("main").innerText(), /KES 2,500\.00/);
});

test("a claim, and the entry that says what it paid", async () => {
  await page.goto(`${server.url}/numbers`);
  await fits();
  // What it costs stands behind the question, which opens and closes by Enter.
  await reach(page.locator(`summary[aria-label="Claim ${NUMBER}"]`));
  await page.keyboard.press("Enter");
  await reach(page.getByRole("button", { name: /^Claim for KES / }));
  await enter();
  await page.getByText("The number is yours").waitFor();
  await fits();
  await page.goto(`${server.url}/wallet`);
  await reach(link(`${NUMBER} · ${month()}`));
  await enter();
  await page.getByRole("heading", { name: NUMBER }).waitFor();
});

test("the month's statement", async () => {
  await page.goto(`${server.url}/wallet`);
  await reach(link("Statements"));
  await enter();
  await fits();
  await page.getByRole("heading", { name: "Statements" }).waitFor();
  await reach(page.locator("main td a").first());
  await enter();
  await fits();
  assert.match(await page.locator("main").innerText(), /Closing balance/);
  // What is printed says what each entry paid.
  await link(`${NUMBER} · ${month()}`).waitFor();
});
