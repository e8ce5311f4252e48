// What an operator loads is what everybody reads and what a customer pays, on a telephone's screen where no script runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { shown, signIn, signUp } from "./newcomer.js";

const OPERATOR = "operator@example.co.ke";
const NUMBER = "+254207000000";
const PHONE = { width: 360, height: 740 };

let server, browser, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await (await browser.newContext({ javaScriptEnabled: false, locale: "en-US", viewport: PHONE })).newPage();
  // Signs in once, so that there is somebody to make an operator of.
  await signUp(page, server, OPERATOR, { workspace: "Operations" });
  assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path) => page.goto(server.url + path);
/** Every button posts a form, whose answer has arrived before anybody looks again. */
const press = (name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name, exact: true }).click()]);
/** The same by the keyboard alone. */
async function enter(locator) {
  await locator.focus();
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
}
const fill = async (form, values) => {
  for (const [name, value] of Object.entries(values)) await page.locator(`${form} [name="${name}"]`).fill(value);
};

test("an operator adds a provider and loads its series", async () => {
  await open("/operator/providers");
  await fill("#add", { name: "Safari Carrier", contact: "noc@safari.example" });
  await press("Add a provider");
  await shown(page, "The provider is there; load its series next");
  await open("/operator/series");
  await page.locator('#load [name="provider_id"]').selectOption({ label: "Safari Carrier" });
  await fill("#load", { prefix: "+25420700", first_suffix: "0000", last_suffix: "0009", monthly_price: "50", outbound_per_minute: "2.50" });
  await press("Load series");
  await shown(page, "The series is loaded");
  await page.locator('#price [name="currency"]').selectOption("USD");
  await fill("#price", { monthly_price: "0.40", outbound_per_minute: "0.0195", minimum_seconds: "60" });
  await press("Save");
  await shown(page, "Prices saved");
  assert.match(await page.locator("main").innerText(), /USD 0\.0195/);
  await page.getByLabel("Trunk").fill("safari-1");
  await press("Save trunk");
  await shown(page, "Saved");
  assert.match(await page.locator(".facts").innerText(), /safari-1/);
  // The same numbers again are refused by name.
  await open("/operator/series");
  await fill("#load", { prefix: "+25420700", first_suffix: "0009", last_suffix: "0019", monthly_price: "50", outbound_per_minute: "2.50" });
  await press("Load series");
  assert.match(await page.locator("main").innerText(), /\+254207000009 is in series/);
});

test("a file of series is looked at before it is loaded", async () => {
  const names = "provider,country,prefix,first_suffix,last_suffix,currency,monthly_price,outbound_per_minute";
  await open("/operator/series");
  await page.locator('#import [name="csv"]').fill(`${names}\nSafari Carrier,KE,+25420700,0000,0001,KES,50,2\n`);
  await press("Look what it does");
  await shown(page, "The file has mistakes, so nothing can be loaded");
  const file = { name: "series.csv", mimeType: "text/csv", buffer: Buffer.from(`${names}\nSafari Carrier,KE,+25420701,0000,0004,KES,50,2\n`) };
  await page.locator('#import [name="file"]').setInputFiles(file);
  await press("Look what it does");
  await shown(page, "1 series would be loaded");
  await press("Load them");
  await shown(page, "The series are loaded");
});

test("a price list shows what it would change before it changes it", async () => {
  await open("/operator/prices");
  await fill("#add", { prefix: "+255", per_minute: "9.50" });
  await press("Add a price");
  await shown(page, "The price is there");
  await page.locator('#import [name="csv"]').fill("prefix,currency,per_minute,minimum_seconds,increment_seconds\n255,KES,9.00,60,1\n256,KES,7.00,,\n");
  await press("Look what it does");
  const difference = await page.locator("#difference").innerText();
  assert.match(difference, /Added 1 · Changed 1 · Ended 0 · Unchanged 0/);
  assert.match(difference, /KES 9\.50 · 1\/1[\s\S]*KES 9\.00 · 60\/1/);
  await press("Change the prices");
  await shown(page, "The prices are loaded");
});

test("the same file does the same at the command line", async () => {
  const { writeFile, mkdtemp } = await import("node:fs/promises");
  const folder = await mkdtemp("/tmp/sautikit-prices-");
  const file = `${folder}/prices.csv`;
  await writeFile(file, "prefix,currency,per_minute\n256,KES,7.50\n");
  const looked = await server.command("prices", "import", file, "--dry-run");
  assert.match(looked.output, /changed 256 KES 7\.00 1\/1 → 7\.50 1\/1 from [\s\S]*would be added 0 · changed 1 · ended 0 · unchanged 0/);
  assert.equal((await server.command("prices", "import", file)).code, 0);
  await writeFile(file, "prefix,currency,per_minute\n0256,KES,free\n");
  const refused = await server.command("prices", "import", file);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /line 2, prefix: /);
});

test("everybody reads the prices by the keyboard on a telephone's screen", async () => {
  const stranger = await (await browser.newContext({ javaScriptEnabled: false, locale: "en-US", viewport: PHONE })).newPage();
  await stranger.goto(server.url);
  const link = stranger.getByRole("link", { name: "Pricing" }).first();
  await link.focus();
  await Promise.all([stranger.waitForNavigation(), stranger.keyboard.press("Enter")]);
  const said = async () => await stranger.locator("main").innerText();
  assert.match(await said(), /Tanzania/);
  assert.match(await said(), /at least 60 s, then in steps of 1 s/);
  await stranger.getByLabel("Country").focus();
  await stranger.getByLabel("Country").selectOption({ label: "Uganda" });
  await stranger.getByRole("button", { name: "Show prices" }).focus();
  await Promise.all([stranger.waitForNavigation(), stranger.keyboard.press("Enter")]);
  assert.match(await said(), /KES 7\.50/);
  assert.doesNotMatch(await said(), /\+255/);
  await stranger.context().close();
});

test("a customer tops up and claims by the keyboard on a telephone's screen", async () => {
  page = await (await browser.newContext({ javaScriptEnabled: false, locale: "en-US", viewport: PHONE })).newPage();
  await signUp(page, server, "baraka@example.co.ke");
  await open("/wallet");
  await page.getByLabel("M-Pesa phone").focus();
  await page.keyboard.type("0722 000 001");
  await enter(page.getByRole("button", { name: "Request payment" }));
  await eventually("the payment", async () => {
    await page.reload();
    return (await page.getByText("Payment received").count()) > 0;
  });
  await open("/numbers");
  await page.getByLabel("Contains digits").focus();
  await page.keyboard.type("2070000");
  await enter(page.getByRole("button", { name: "Search" }));
  await page.locator(`summary[aria-label="Claim ${NUMBER}"]`).focus();
  await page.keyboard.press("Enter");
  await page.getByText("is debited now for the days that are left").locator("visible=true").waitFor();
  await enter(page.getByRole("button", { name: /^Claim for KES / }));
  await shown(page, "The number is yours");
});

test("a reserved number is there for its workspace alone", async () => {
  await open("/profile");
  const operator = await (await browser.newContext({ javaScriptEnabled: false, locale: "en-US", viewport: PHONE })).newPage();
  await signIn(operator, server, OPERATOR);
  await operator.goto(`${server.url}/operator/numbers?contains=254207000001`);
  const label = `summary[aria-label="Reserve +254207000001"]`;
  await operator.locator(label).click();
  const { id } = await (await operator.request.get(`${server.url}/v1/workspace`)).json();
  await operator.locator('form[action$="/reserve"] [name="workspace_id"]').fill(id);
  await Promise.all([operator.waitForNavigation(), operator.locator('form[action$="/reserve"] button').click()]);
  await shown(operator, "The number is reserved");
  await open("/numbers?contains=254207000001");
  assert.equal(await page.locator(`summary[aria-label="Claim +254207000001"]`).count(), 0);
});
