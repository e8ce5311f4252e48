// Draws the picture by which other sites show a link to ours (Open Graph, 1200 × 630): the start page's first words over the
// call that it shows, in our own style. `xtask build` puts it beside the scripts.
//
//   cd end2end && node support/og.js        writes ../app/js/og.png; needs a server that was built with its site
import { stat } from "node:fs/promises";
import { launchBrowser } from "./browser.js";
import { startServer } from "./server.js";

const FILE = new URL("../../app/js/og.png", import.meta.url).pathname;
/** What messengers take without complaint. */
const MOST_BYTES = 300_000;

const [server, browser] = await Promise.all([startServer(), launchBrowser()]);
try {
  const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1200, height: 630 }, colorScheme: "light", locale: "en-US" });
  await page.goto(server.url, { waitUntil: "load" });
  // Only the page's own parts, arranged for one look; nothing can be read below 24 px at a messenger's size.
  await page.addStyleTag({ content: `
    body { overflow: hidden; }
    .dev-banner, .landing__nav, .hero .row, .hero__code, .hero__lead, .shown > .stack, .shown__head, .shown .notice, .features, .landing__foot { display: none !important; }
    .landing__bar { padding: 56px 72px 0; max-width: none; font-size: 34px; }
    .hero { display: block; max-width: none; padding: 28px 72px 36px; }
    .hero h1 { font-size: 68px; max-width: 16ch; }
    .shown { max-width: none; padding: 0 72px; }
  ` });
  await page.screenshot({ path: FILE, clip: { x: 0, y: 0, width: 1200, height: 630 } });
  const { size } = await stat(FILE);
  if (size > MOST_BYTES) throw new Error(`${size} bytes are too many`);
  console.log(`${FILE}: ${size} bytes`);
} finally {
  await browser.close();
  await server.stop();
}
