// Somebody who has never seen this: from the start page to a phone that rings, by what the pages show and nothing else. No address
// is typed, nothing is known beforehand but one's own e-mail address and the number to call, which the page tells too.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { linksTo } from "./newcomer.js";

const EMAIL = "mgeni@example.co.ke";
/** The promise (issue 15, "What it must show"): a link that is followed, a form that is filled in and sent. */
const MOST_ACTIONS = 12;

let server, browser, page;
const actions = [];

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await openPage(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** One thing that is done, to be counted. */
async function act(what, done) {
  actions.push(what);
  await done();
}

const follow = (link) => act(`follows ${link}`, () => page.locator("main, nav, header").getByRole("link", { name: link }).first().click());
const press = (button) => page.getByRole("button", { name: button }).click();

test("from the start page to a ringing phone in at most twelve actions", async () => {
  await page.goto(server.url);
  await follow("Start building");
  await act("gives an e-mail address", async () => {
    await page.getByLabel("E-mail address").fill(EMAIL);
    await press("Send me a link");
  });
  await page.getByText("Check your mail", { exact: true }).first().waitFor();
  const link = await eventually("the mail", async () => (await linksTo(server, EMAIL))[0]);
  await act("follows the link in the mail", () => page.goto(link));
  await act("confirms it", () => press("Sign in"));
  await act("names a workspace", async () => {
    await page.getByLabel("Your name").fill("Mgeni");
    await page.getByLabel("Workspace name").fill("Duka");
    await press("Create workspace");
  });
  // Home says what comes next.
  await follow("Top up");
  await act("pays", async () => {
    await page.getByLabel("M-Pesa phone").fill("0722 000 001");
    await press("Request payment");
  });
  await page.getByText("Payment received", { exact: true }).first().waitFor();
  await follow("Numbers");
  await act("chooses a number", () => page.locator('summary[aria-label^="Claim "]').first().click());
  await act("agrees to the price that is shown", () => press(/^Claim for /));
  await page.getByText("The number is yours", { exact: true }).first().waitFor();
  const opened = page.context().waitForEvent("page");
  await follow("Call with this number");
  const phone = await opened;
  const told = await phone.getByText("answers and speaks").innerText();
  const [callee] = /\+[\d ]+\d/.exec(told);
  await phone.getByText("Ready", { exact: true }).waitFor();
  await act("dials the number that the page tells", async () => {
    await phone.locator('[data-phone="to"]').fill(callee);
    await phone.getByRole("button", { name: "Call", exact: true }).click();
  });
  await phone.locator('[data-phone="root"][data-state="ringing"], [data-phone="root"][data-state="inCall"]').waitFor();
  await phone.getByRole("button", { name: "Hang up", exact: true }).click();
  await phone.locator('[data-phone="root"][data-state="idle"]').waitFor();
  assert.ok(actions.length <= MOST_ACTIONS, `${actions.length}: ${actions.join(", ")}`);
  assert.deepEqual(page.problems, []);
});

test("the code that the quickstart shows rings it too, copied as it stands", async () => {
  await page.goto(server.url);
  await page.getByRole("link", { name: "Quickstart" }).first().click();
  await press("Make a key for this page");
  const [settings, curl] = [/^export SAUTIKIT_URL/, /^curl .*POST/];
  const blocks = await page.locator(".prose pre code").allInnerTexts();
  const script = [settings, curl].map((begins) => blocks.find((block) => begins.test(block)));
  assert.ok(script.every(Boolean), blocks.join("\n---\n"));
  const { stdout } = await promisify(execFile)("bash", ["--norc", "-euo", "pipefail", "-c", script.join("\n")]);
  const { call_id: id } = JSON.parse(stdout);
  await page.goto(`${server.url}/calls/${id}`);
  await page.getByText("Completed").first().waitFor();
});
