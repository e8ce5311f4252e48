// The API's reference in Chromium: drawn completely, under the page's own strict policy, from this host alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";

const SIZES = { phone: { width: 390, height: 844 }, wide: { width: 1400, height: 900 } };

let server, browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the reference is drawn, ${size} and ${colorScheme}`, async () => {
      const page = await openPage(browser);
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      const foreign = [];
      page.on("request", (request) => {
        if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) foreign.push(request.url());
      });
      await page.goto(`${server.url}/docs/api`);
      await page.getByRole("heading", { name: "Sautikit API" }).waitFor();
      // The document was read; what is below the fold is drawn when it is scrolled to.
      await page.getByText("/v1/auth/me", { exact: true }).first().waitFor({ state: "attached" });
      const { scrollWidth, background } = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        background: getComputedStyle(document.body).backgroundColor,
      }));
      assert.ok(scrollWidth <= viewport.width, `${scrollWidth} px on ${viewport.width}`);
      const [red] = /\d+/.exec(background);
      assert.ok(colorScheme === "dark" ? red < 64 : red > 192, background);
      assert.deepEqual(foreign, []);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}

test("without script the page leads to the document", async () => {
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(`${server.url}/docs/api`);
  const link = page.locator("noscript").getByRole("link", { name: "openapi.json" });
  assert.equal(await link.getAttribute("href"), "/v1/openapi.json");
  await page.context().close();
});
