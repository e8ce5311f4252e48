// Signing in with Google in a browser, what the profile says of it, and the way in that remains once it is unlinked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startGoogle } from "../support/google.js";
import { startServer } from "../support/server.js";
import { press, shown, signIn } from "./newcomer.js";

const ZAWADI = { sub: "108234567890", email: "Zawadi@example.co.ke", name: "Zawadi Kamau" };
const EMAIL = ZAWADI.email.toLowerCase();

let google, server, browser, page, other;

before(async () => {
  google = await startGoogle();
  [server, browser] = await Promise.all([startServer(google.settings), launchBrowser()]);
  [page, other] = [await openPage(browser), await openPage(browser)];
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await google?.stop();
});

/** The person at Google agrees. */
const agree = (page, person = ZAWADI) => page.getByRole("link", { name: `Continue as ${person.email}` }).click();
const panel = () => page.locator("section.panel", { has: page.getByRole("heading", { name: "Google account" }) });

test("a newcomer signs in with Google, sets up a workspace and lands on the page that they wanted", async () => {
  google.person = ZAWADI;
  await page.goto(`${server.url}/calls?status=failed`);
  await page.getByRole("link", { name: "Continue with Google" }).click();
  await agree(page);
  await page.waitForURL("**/onboarding?return_to=*");
  // Google told the name.
  assert.equal(await page.getByLabel("Your name").inputValue(), ZAWADI.name);
  await shown(page, `Signed in as ${EMAIL}`);
  await page.getByLabel("Workspace name").fill("Duka");
  await press(page, "Create workspace");
  await page.waitForURL("**/calls?status=failed");
});

test("the profile says that Google is linked, and that it is the only way in so far", async () => {
  await page.goto(`${server.url}/profile`);
  await panel().getByText("Linked: you can sign in with Google too.").waitFor();
  await press(page, "Unlink");
  await page.getByText("auth.cannot_unlink_only_auth").waitFor();
  await page.getByText("Sign in once with a link, then unlink.").waitFor();
  page.problems.length = 0; // The refusal itself.
  await panel().getByText("Linked: you can sign in with Google too.").waitFor();
});

test("after a link by mail Google is unlinked, and mail is the way in again", async () => {
  await signIn(page, server, EMAIL);
  await page.waitForURL("**/home");
  await page.goto(`${server.url}/profile`);
  await press(page, "Unlink");
  await shown(page, "The Google account was unlinked");
  await panel().getByText("Not linked.").waitFor();
  await page.locator(".sidebar__body--wide").getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL(`${server.url}/`);
  await signIn(page, server, EMAIL);
  await page.waitForURL("**/home");
});

test("another Google account is linked from the profile and signs in to the same person", async () => {
  google.person = { sub: "209876543210", email: "zawadi.kamau@example.com", name: "Zawadi" };
  await page.goto(`${server.url}/profile`);
  await page.getByRole("link", { name: "Link Google" }).click();
  await agree(page, google.person);
  await page.waitForURL("**/profile");
  await panel().getByText("Linked: you can sign in with Google too.").waitFor();
  await other.goto(`${server.url}/signin`);
  await other.getByRole("link", { name: "Continue with Google" }).click();
  await agree(other, google.person);
  await other.waitForURL("**/home");
  await other.goto(`${server.url}/profile`);
  await other.getByText(EMAIL, { exact: true }).first().waitFor();
});

test("an answer of Google that another browser asked for signs nobody in", async () => {
  await other.goto(`${server.url}/signin`);
  await other.getByRole("link", { name: "Continue with Google" }).click();
  const back = await other.getByRole("link", { name: /^Continue as/ }).getAttribute("href");
  const victim = await openPage(browser);
  await victim.goto(back);
  await victim.getByText("auth.google_state_mismatch").waitFor();
  await victim.getByRole("link", { name: "Open the console" }).click();
  await victim.waitForURL("**/signin");
  await victim.context().close();
});

test("the provider had nothing to complain of, nor had the pages", () => {
  assert.deepEqual(google.problems, []);
  assert.equal(google.exchanged, 3);
  assert.deepEqual([...page.problems, ...other.problems], []);
});
