// Names as long as they may be and without a blank break no page, at the widths of a phone, a tablet and a wide screen.
//
// SCREENSHOTS=DIR also keeps every page as a picture, light and dark, to be looked at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { Workspace } from "../support/workspace.js";

const WIDTHS = { phone: 390, tablet: 820, wide: 1440 };
const LONG = "W".repeat(80);
const EMAIL = `${"m".repeat(60)}@${"d".repeat(60)}.example.co.ke`;

let server, browser, page, owner, paths;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  owner = new Workspace(server.url);
  await owner.signIn(EMAIL);
  await owner.post("/v1/auth/onboarding", { name: LONG, workspace_name: LONG, country: "KE", currency: "KES" }, 201);
  await owner.post("/v1/workspaces", { name: `${LONG.slice(1)}2`, country: "KE", currency: "KES" }, 201);
  await owner.topUp(1_000_000);
  await owner.claim("+254700000001");
  await owner.patch(`/v1/numbers/${owner.numberId}/routing`, { voice_callback_url: `https://${"h".repeat(60)}.example.com/${"p".repeat(200)}` });
  await owner.post("/v1/api-keys", { name: LONG }, 201);
  await owner.post("/v1/workspace/invitations", { email: `${"i".repeat(60)}@${"d".repeat(60)}.example.co.ke`, role: "viewer" }, 201);
  page = await openPage(browser);
  await page.context().addCookies([{ name: "sk_session", value: owner.headers.Cookie.split("=")[1], url: server.url }]);
  paths = { home: "/home", numbers: "/numbers", number: `/numbers/${owner.numberId}`, calls: "/calls", wallet: "/wallet", keys: "/developers/keys",
    requests: "/developers/requests", members: "/workspace/members", roles: "/workspace/roles", audit: "/workspace/audit", settings: "/workspace/settings",
    "new-workspace": "/workspaces/new", profile: "/profile", softphone: "/softphone", verify: "/auth/verify?token=x", licences: "/docs" };
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What sticks out of the page to the right, the outermost first. */
const sticking = () => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1);
  return out.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
});

for (const [screen, width] of Object.entries(WIDTHS)) {
  test(`no page is wider than a ${screen}`, async () => {
    await page.setViewportSize({ width, height: 900 });
    const wide = {};
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(server.url + path);
      for (const scheme of process.env.SCREENSHOTS ? ["light", "dark"] : ["light"]) {
        await page.emulateMedia({ colorScheme: scheme });
        // Menus and questions open onto names as well.
        await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => { details.open = true; }));
        const found = await sticking();
        if (found.length) wide[name] = found;
        if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${screen}-${scheme}.png`, fullPage: true });
      }
    }
    assert.deepEqual(wide, {});
  });
}
