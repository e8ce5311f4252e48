// The API's reference in Chromium: every page whole, from this host alone, light, and the same without script.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";

const SIZES = { phone: { width: 390, height: 844 }, wide: { width: 1400, height: 900 } };
/** Of the largest page, compressed as it is sent: half a second on a line of 1 Mbit/s. */
const MOST_BYTES = 64 * 1024;
const AXE = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);

let server, browser, groups;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const list = await (await fetch(`${server.url}/docs/api`)).text();
  groups = [...new Set([...list.matchAll(/href="(\/docs\/api\/[^"#]+)/g)].map(([, href]) => href))];
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("every page is light", async () => {
  assert.ok(groups.length > 10, `${groups.length} groups`);
  const sizes = await Promise.all(["/docs/api", ...groups].map(async (path) => {
    const html = await (await fetch(server.url + path)).text();
    return [path, html.length, gzipSync(html).length];
  }));
  sizes.sort((one, other) => other[2] - one[2]);
  console.log(`the largest page of the reference: ${sizes[0][0]}, ${sizes[0][1]} bytes, ${sizes[0][2]} compressed`);
  assert.ok(sizes[0][2] <= MOST_BYTES, JSON.stringify(sizes[0]));
});

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the reference is drawn without violations, ${size} and ${colorScheme}`, async () => {
      const axe = await readFile(AXE, "utf8");
      const page = await openPage(browser);
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      const foreign = [];
      page.on("request", (request) => {
        if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) foreign.push(request.url());
      });
      for (const path of ["/docs/api", ...groups]) {
        await page.goto(server.url + path);
        const { scrollWidth, background } = await page.evaluate(() => ({
          scrollWidth: document.documentElement.scrollWidth,
          background: getComputedStyle(document.body).backgroundColor,
        }));
        assert.ok(scrollWidth <= viewport.width, `${path}: ${scrollWidth} px on ${viewport.width}`);
        const [red] = /\d+/.exec(background);
        assert.ok(colorScheme === "dark" ? red < 64 : red > 192, background);
        // Through the debugger: the page's own policy takes no script from here.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
        assert.deepEqual(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes[0].html.slice(0, 200)}`), []);
      }
      assert.deepEqual(foreign, []);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  }
}

test("the language of examples is chosen once, by keyboard too, and without script they open by themselves", async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/docs/api/calls`);
  const open = () => page.locator(".examples__one[open] > summary").allInnerTexts();
  assert.deepEqual(new Set(await open()), new Set(["curl"]));
  const first = page.locator(".examples__one > summary", { hasText: "Python" }).first();
  await first.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelectorAll(".examples__one[open] > summary")].every((one) => one.innerText === "Python"));
  await page.goto(`${server.url}/docs/api/numbers`);
  await page.waitForFunction(() => [...document.querySelectorAll(".examples__one[open] > summary")].every((one) => one.innerText === "Python"));
  // Beside what it sends: the names in one row above the code.
  const boxes = await page.locator(".examples").first().evaluate((all) => [...all.querySelectorAll("summary")].map((one) => one.getBoundingClientRect().top));
  assert.equal(new Set(boxes).size, 1, `${boxes}`);
  await page.context().close();

  const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await plain.goto(`${server.url}/docs/api/calls`);
  await plain.getByText("Go", { exact: true }).first().click();
  // Case tells it from the others, which are closed.
  await plain.locator(".examples__one[open] code").filter({ hasText: /client\.Calls\./ }).first().waitFor();
  await plain.context().close();
});

test("a request's codes, scope and objects lead to where they are told", async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/docs/api/calls#place-a-call`);
  const section = page.locator("section.endpoint", { has: page.locator("#place-a-call") });
  await section.getByRole("link", { name: "calls.destination_blocked" }).click();
  await page.waitForURL("**/docs/errors/calls.destination_blocked");
  await page.goBack();
  assert.equal(await section.getByRole("link", { name: "calls:write" }).getAttribute("href"), "/docs/reference/roles");
  await page.locator("section.endpoint", { has: page.locator("#show-a-call") }).getByRole("link", { name: "Call", exact: true }).click();
  await page.waitForURL("**#object-call");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});
