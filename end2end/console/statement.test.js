// A month's statement on paper: the browser's own print has the sheet alone, on one page, and a file of it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const NUMBER = "+254700000001";
/** Answers and hangs up after 5 s. */
const CALLEE = "+254722009905";
/** A4 at 96 dots an inch. */
const SHEET = { width: 794, height: 1123 };
/** Where pictures go, for whoever wants to look. */
const PICTURES = process.env.PICTURES;

let server, browser, workspace, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  ({ workspace } = await signIn(server.url, { email: "books@example.com", number: NUMBER }));
  const { call_id } = await workspace.post("/v1/calls", { from: NUMBER, to: CALLEE, max_duration: 1 }, 202);
  await eventually("the call's bill", async () => (await workspace.get(`/v1/calls/${call_id}`)).cost_minor !== null);
  page = await openPage(browser);
  const [name, value] = workspace.headers.Cookie.split("=");
  await page.context().addCookies([{ name, value, url: server.url }]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const colorScheme of ["light", "dark"]) {
  test(`the sheet is printed alone and whole, ${colorScheme}`, async () => {
    const [{ month }] = await workspace.get("/v1/wallet/statements");
    await page.setViewportSize(SHEET);
    await page.emulateMedia({ media: "print", colorScheme });
    await page.goto(`${server.url}/wallet/statements/${month}`);
    assert.equal(await page.locator(".sidebar").first().isVisible(), false);
    const sheet = page.locator(".sheet").first();
    const box = await sheet.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= SHEET.width, JSON.stringify(box));
    assert.match(await sheet.innerText(), /KES/);
    const pdf = await page.pdf({ format: "A4" });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b(?!s)/g).length;
    assert.equal(pages, 1);
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      writeFileSync(`${PICTURES}/statement-${colorScheme}.pdf`, pdf);
      await page.screenshot({ path: `${PICTURES}/statement-print-${colorScheme}.png` });
    }
    assert.deepEqual(page.problems, []);
  });
}
