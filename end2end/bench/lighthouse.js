// Lighthouse over the pages that people see first and most: at least 95 in each category, and little that shifts.
//
//   cd end2end && npm install --no-save lighthouse && node bench/lighthouse.js [PAGE …]
//
// It is no development dependency: it brings two hundred packages, and CI measures nothing. The server should be a release
// build with its site (`make release`): development builds send scripts and styles uncompressed.
import lighthouse from "lighthouse";
import { launchBrowser } from "../support/browser.js";
import { busyConsole } from "../support/console.js";
import { freePort } from "../support/ports.js";

const LEAST = 95;
const MOST_SHIFT = 0.02;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
/** By what each shows: its name in the scene, and whether it needs the session. */
const PAGES = {
  landing: ["start page", false],
  docs: ["documentation", false],
  quickstart: ["quickstart", false],
  reference: ["API requests", false],
  calls: ["calls", true],
  call: ["completed call", true],
};
/** Pages behind the session are kept from search engines, which is what `seo` would mark down. */
const PRIVATE = CATEGORIES.filter((category) => category !== "seo");

const wanted = process.argv.slice(2);
const names = Object.keys(PAGES).filter((name) => !wanted.length || wanted.includes(name));
const port = await freePort();
const [scene, browser] = await Promise.all([busyConsole(), launchBrowser([`--remote-debugging-port=${port}`])]);
const cookie = [...scene.cookies, { name: "sk_lang", value: "en" }].map(({ name, value }) => `${name}=${value}`).join("; ");
const bad = [];
console.log(`| page | device | ${CATEGORIES.join(" | ")} | shift | first paint |\n|---|---|${"---|".repeat(CATEGORIES.length + 2)}`);
try {
  for (const name of names) {
    const [path, needsSession] = PAGES[name];
    for (const device of ["mobile", "desktop"]) {
      const isDesktop = device === "desktop";
      const screenEmulation = isDesktop
        ? { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false }
        : { mobile: true, width: 390, height: 844, deviceScaleFactor: 2, disabled: false };
      const { lhr } = await lighthouse(scene.server.url + scene.paths[path], {
        port,
        output: "json",
        logLevel: "error",
        formFactor: device,
        screenEmulation,
        // Its own model of a slow line; a desktop has none.
        throttlingMethod: isDesktop ? "provided" : "simulate",
        onlyCategories: needsSession ? PRIVATE : CATEGORIES,
        extraHeaders: needsSession ? { Cookie: cookie } : { Cookie: "sk_lang=en" },
      });
      const scores = CATEGORIES.map((category) => lhr.categories[category] && Math.round(lhr.categories[category].score * 100));
      const shift = lhr.audits["cumulative-layout-shift"].numericValue;
      const paint = Math.round(lhr.audits["first-contentful-paint"].numericValue);
      console.log(`| ${[name, device, ...scores.map((score) => score ?? "–"), shift.toFixed(3), `${paint} ms`].join(" | ")} |`);
      const low = CATEGORIES.filter((_, at) => scores[at] !== undefined && scores[at] < LEAST);
      for (const category of low) {
        const failed = lhr.categories[category].auditRefs.map(({ id }) => lhr.audits[id]).filter(({ score }) => score !== null && score < 0.9);
        bad.push(`${name}, ${device}: ${category} ${Math.round(lhr.categories[category].score * 100)}: ${failed.map(({ id }) => id).join(", ")}`);
      }
      if (shift > MOST_SHIFT) bad.push(`${name}, ${device}: shifts by ${shift.toFixed(3)}`);
    }
  }
} finally {
  await browser.close();
  await scene.server.stop();
}
for (const line of bad) console.error(line);
process.exitCode = bad.length ? 1 : 0;
