// How far it is for somebody without a mouse: from the sign-in form to a finished call, each key counted, letters and digits too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { linksTo } from "./newcomer.js";

const EMAIL = "juma@duka.co.ke";
/** As people in Kenya write it; the sandbox's callee answers and says back what it hears. */
const CALLED = "0722000042";
/** The promise (issue 15, "What it must show"). */
const MOST_PRESSES = 40;
/** Keys that lead to a button of the page that is open; more than this and nobody would look for it. */
const MOST_TABS = 8;

let server, browser, page, workspace;
let presses = 0;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url, { email: EMAIL });
  page = await openPage(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Each key is one; `ControlOrMeta+K` is one too. */
async function press(...keys) {
  for (const key of keys) {
    presses += 1;
    await page.keyboard.press(key);
  }
}

const type = (text) => press(...text);
const focused = (wanted) => wanted.and(page.locator(":focus")).count();

/** Presses Tab until what is wanted has the focus, which has to be visible. */
async function reach(wanted) {
  for (let tabs = 0; tabs < MOST_TABS; tabs += 1) {
    await press("Tab");
    if (await focused(wanted)) {
      assert.ok(await wanted.isVisible());
      return;
    }
  }
  throw new Error(`not reached in ${MOST_TABS} tabs: ${wanted}`);
}

/** The mail of the sign-in that was just asked for. */
async function opensTheMail(former) {
  const fresh = async () => (await linksTo(server, EMAIL)).find((link) => !former.has(link));
  await page.goto(await eventually("a new link", fresh));
}

test("from the sign-in form to a finished call by keyboard alone, in at most forty presses", async () => {
  const former = new Set(await linksTo(server, EMAIL));
  await page.goto(`${server.url}/signin`);
  await type(EMAIL);
  await press("Enter");
  await page.getByText("Check your mail", { exact: true }).first().waitFor();
  await opensTheMail(former);
  await press("Enter");
  await page.waitForURL("**/home");

  // The palette finds the softphone, which is a window of its own.
  await press("ControlOrMeta+K");
  await type("sof");
  const opened = page.context().waitForEvent("page").catch(() => undefined);
  await page.locator('dialog[open] [aria-selected="true"], dialog[open] a').filter({ hasText: "Softphone" }).first().waitFor();
  await press("Enter");
  await Promise.race([opened.then((phone) => { page = phone ?? page; }), page.waitForURL("**/softphone")]);

  await page.getByText("Ready", { exact: true }).waitFor();
  assert.ok(await focused(page.locator('[data-phone="to"]')), "the number is asked for at once");
  await type(CALLED);
  await press("Enter");
  await page.locator('[data-phone="root"][data-state="inCall"]').waitFor();
  const hangUp = page.getByRole("button", { name: "Hang up", exact: true });
  await reach(hangUp);
  await press("Enter");
  await page.locator('[data-phone="root"][data-state="idle"]').waitFor();

  const call = await workspace.newestBilled((call) => call.to === `+254${CALLED.slice(1)}`);
  assert.equal(call.status, "completed");
  assert.ok(presses <= MOST_PRESSES, `${presses} presses`);
});
