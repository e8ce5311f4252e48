// Every page at every width, light and dark: nothing lies beyond the page's edge. `PICTURES=DIR` also keeps what it looks like.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { busyConsole } from "../support/console.js";

const WIDTHS = [390, 768, 1024, 1440, 1920];
const PICTURES = process.env.PICTURES;

let scene, browser;

before(async () => {
  [scene, browser] = await Promise.all([busyConsole(), launchBrowser()]);
  if (PICTURES) mkdirSync(PICTURES, { recursive: true });
});
after(async () => {
  await browser?.close();
  await scene?.server.stop();
});

/** What sticks out to the right of the page, however it is hidden: elements, not only a scroll bar. Boxes that scroll hold theirs. */
const overhanging = () => {
  const edge = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== "visible") return true;
    }
    return false;
  };
  const hidden = (element) => element.closest("dialog:not([open]), .visually-hidden, .skip, details:not([open]) > :not(summary)");
  const out = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && box.height && box.right > edge + 1 && !hidden(element) && !scrolls(element);
  });
  // Tables that stick out of their panel lie over what stands beside it, whatever the page's own width is.
  const spills = [...document.querySelectorAll(".panel .table")].filter((table) => {
    const [{ right }, panel] = [table.getBoundingClientRect(), table.closest(".panel").getBoundingClientRect()];
    return right > panel.right + 1 && !scrolls(table);
  });
  const name = (element) => `${element.tagName.toLowerCase()}.${String(element.getAttribute("class") ?? "").replaceAll(" ", ".")}`;
  return { page: document.documentElement.scrollWidth - edge, out: [...out, ...spills].map(name).slice(0, 5) };
};

for (const colorScheme of ["light", "dark"]) {
  test(`no page is wider than its window, ${colorScheme}`, async (t) => {
    const context = await browser.newContext({ colorScheme, permissions: ["microphone"] });
    await context.addCookies([...scene.cookies, { name: "sk_lang", value: "en", url: scene.server.url }]);
    const page = await context.newPage();
    for (const [what, path] of Object.entries(scene.paths)) {
      await t.test(what, async () => {
        await page.goto(scene.server.url + path, { waitUntil: "load" });
        const wrong = [];
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const { page: sideways, out } = await page.evaluate(overhanging);
          if (sideways > 0 || out.length) wrong.push(`${width}: scrolls by ${sideways}; ${out.join(", ")}`);
          if (PICTURES) await page.screenshot({ path: `${PICTURES}/${what.replaceAll(/\W+/g, "-")}-${width}-${colorScheme}.png` });
        }
        assert.deepEqual(wrong, []);
      });
    }
    await context.close();
  });
}
