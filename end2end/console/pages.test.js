// Every page, in every look: no violation that axe knows (WCAG 2.2 AA), no sideways scrolling, nothing in the console.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { busyConsole } from "../support/console.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [
  { name: "wide, light, English", viewport: { width: 1440, height: 900 }, colorScheme: "light", lang: "en" },
  { name: "phone, dark, Swahili", viewport: { width: 390, height: 844 }, colorScheme: "dark", lang: "sw" },
];

let scene, browser, server, cookies, paths;

before(async () => {
  [scene, browser] = await Promise.all([busyConsole(), launchBrowser()]);
  ({ server, cookies, paths } = scene);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Answers that are errors by intent; their own load is reported to the browser's console. */
const REFUSED = ["closed invitation", "unknown call", "unknown page", "refused method"];

for (const { name, viewport, colorScheme, lang } of LOOKS) {
  test(name, async (t) => {
    const context = await browser.newContext({ viewport, colorScheme, timezoneId: "Africa/Nairobi", permissions: ["microphone"] });
    await context.addCookies([...cookies, { name: "sk_lang", value: lang, url: server.url }]);
    const page = await context.newPage();
    let problems = [];
    page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    for (const [what, path] of Object.entries(paths)) {
      await t.test(what, async () => {
        problems = [];
        await page.goto(server.url + path, { waitUntil: "load" });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`), []);
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overhang <= 0, `scrolls sideways by ${overhang}`);
        assert.equal(await page.locator("h1").count(), 1);
        assert.deepEqual(REFUSED.includes(what) ? problems.filter((text) => !text.startsWith("Failed to load resource")) : problems, []);
      });
    }
    await context.close();
  });
}

test("times are the viewer's, with UTC on hover", async () => {
  const context = await browser.newContext({ timezoneId: "Asia/Tokyo" });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(server.url + paths["completed call"]);
  const time = page.locator("time").first();
  const utc = await time.getAttribute("title");
  const hour = new Intl.DateTimeFormat("en-KE", { timeZone: "Asia/Tokyo", hour: "2-digit", hourCycle: "h23" }).format(new Date(utc));
  assert.match(utc, /Z$/);
  assert.match(await time.innerText(), new RegExp(`\\b${hour}:`));
  await context.close();
});
