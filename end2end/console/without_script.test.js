// Every form of the console does its work where no script runs.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually, mailedLink } from "../support/workspace.js";

const EMAIL = "baraka@example.co.ke";
const NUMBER = "+254700000001";

let server, browser, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await (await browser.newContext({ javaScriptEnabled: false, locale: "en-US" })).newPage();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (path) => page.goto(server.url + path);
/** Every button posts a form: its answer has arrived before anybody looks again, which would break the post off. */
const press = (name) => Promise.all([page.waitForNavigation(), page.getByRole("button", { name, exact: true }).click()]);
const shown = (text) => page.getByText(text).first().waitFor();
/** What a person without script does: look again. */
const comes = (text) => eventually(text, async () => {
  await page.reload();
  return (await page.getByText(text).count()) > 0;
});

test("a browser's first page brings its style, and the next ones link to it", async () => {
  const first = await fetch(server.url);
  const html = await first.text();
  const [, css] = /<style>(.*?)<\/style>/s.exec(html);
  assert.ok(!html.includes('rel="stylesheet"') && css.includes("url(/assets/"), "with its addresses as seen from the page");
  const hash = createHash("sha256").update(css).digest("base64");
  assert.match(first.headers.get("content-security-policy"), new RegExp(`style-src 'self' 'sha256-${hash.replaceAll("+", "\\+")}'`));
  const cookie = first.headers.getSetCookie().find((set) => set.startsWith("sk_style="));
  assert.match(cookie, /HttpOnly/);
  const next = await fetch(server.url, { headers: { cookie: cookie.split(";")[0] } });
  const linked = await next.text();
  assert.ok(linked.includes('rel="stylesheet"') && !linked.includes("<style>"));
  assert.match(next.headers.get("link"), /app\.css>; rel=preload; as=style/);
  assert.ok(!next.headers.get("content-security-policy").includes("sha256"));
});

test("signing in and setting up a workspace", async () => {
  await open("/signin");
  await page.getByLabel("E-mail address").fill(EMAIL);
  await press("Send me a link");
  await shown("Check your mail");
  await mailedLink(server.url, EMAIL);
  await open("/dev/mail");
  await page.getByRole("link", { name: "Open the link" }).click();
  await press("Sign in");
  await page.getByLabel("Your name").fill("Baraka");
  await page.getByLabel("Workspace name").fill("Duka");
  await press("Create workspace");
  await shown("0 of 5 done");
});

test("the language is chosen and remembered", async () => {
  await press("Kiswahili");
  await shown("0 kati ya 5 zimekamilika");
  await open("/calls");
  await shown("Bado hakuna simu");
  await press("English");
  await shown("No calls yet");
});

test("a refused form says why, with code and request, and keeps what was typed", async () => {
  await open("/wallet");
  await page.getByLabel("Amount", { exact: true }).fill("1000");
  await page.getByLabel("M-Pesa phone").fill("12");
  await press("Request payment");
  assert.equal(await page.getByLabel("M-Pesa phone").inputValue(), "12");
  const said = await page.locator("main").innerText();
  assert.match(said, /validation\.bad_request/);
  assert.match(said, /Request req_/);
});

test("topping up, claiming, routing", async () => {
  await open("/wallet");
  await page.getByLabel("M-Pesa phone").fill("0722 000 001");
  await press("Request payment");
  await comes("Payment received");
  await open("/numbers");
  await page.locator(`summary[aria-label="Claim ${NUMBER}"]`).click();
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: /^Claim for KES / }).click()]);
  await shown("The number is yours");
  await page.getByLabel("Voice callback URL").fill("http://127.0.0.1:3000/voice");
  await press("Save routing");
  await shown("Routing saved");
  await page.getByLabel("Voice callback URL").fill("");
  await press("Save routing");
  await shown("Routing saved");
});

test("a number's callback is tested, its secret made anew, a device's credential made and revoked", async () => {
  await open("/numbers");
  await page.getByRole("link", { name: NUMBER }).click();
  await page.getByLabel("Voice callback URL").fill("http://127.0.0.1:3000/voice");
  await press("Save routing");
  await press("Test callback");
  await shown("A call would fail here");
  assert.match(await page.locator("#tested-request").innerText(), /x-sautikit-signature: t=[\s\S]*Test=true/);
  await page.locator("summary", { hasText: "New secret" }).click();
  await press("Make a new secret");
  assert.match(await page.locator("#new-secret").innerText(), /^whsec_[0-9a-f]{64}$/);
  await page.getByRole("link", { name: "Phones and PBXs" }).click();
  await page.getByLabel("Name of the device").fill("Reception");
  await press("Create credential");
  const username = await page.locator("#new-username").innerText();
  assert.match(await page.locator("#new-password").innerText(), /^[2-9a-z]{26}$/);
  await page.locator("summary", { hasText: "Revoke" }).click();
  await page.getByLabel(`Type “${username}” to confirm`).fill(username);
  await press("Revoke credential");
  await shown("The credential is revoked");
  await page.getByRole("link", { name: "Routing", exact: true }).click();
  await page.getByLabel("Voice callback URL").fill("");
  await press("Save routing");
});

test("a key is created, shown once, revoked", async () => {
  await open("/developers/keys");
  await page.getByLabel("Name").fill("ci");
  await press("Create key");
  await shown("Copy your new key now");
  assert.match(await page.locator("#new-key").innerText(), /^skt_test_/);
  await open("/developers/keys");
  assert.equal(await page.locator("#new-key").count(), 0);
  await page.locator("summary", { hasText: "Rotate" }).click();
  await press("Rotate key");
  await shown("The secret before works until");
  await open("/developers/keys");
  await page.locator("summary", { hasText: "Revoke" }).click();
  await page.getByLabel("Type “ci” to confirm").fill("ci");
  await press("Revoke key");
  await shown("The key was revoked");
});

test("the sandbox calls, the call is seen and hung up", async () => {
  await open("/numbers");
  await page.getByRole("link", { name: NUMBER }).click();
  await press("Call it now");
  await shown("The sandbox is calling");
  await open("/calls");
  await comes("Inbound");
});

test("someone is invited and the invitation withdrawn", async () => {
  await open("/workspace/members");
  await page.getByLabel("E-mail address").fill("wanjiku@example.co.ke");
  await press("Send invitation");
  await shown("The invitation is on its way");
  await press("Withdraw the invitation of wanjiku@example.co.ke");
  await shown("The invitation was withdrawn");
});

test("the log is filtered, the workspace and its owner renamed", async () => {
  await open("/workspace/audit");
  await page.getByLabel("Action").selectOption("invitation.withdrawn");
  await press("Filter");
  assert.equal(await page.locator("tbody tr:not(.table__day)").count(), 1);
  await open("/workspace/settings");
  await page.getByLabel("Name").fill("Duka la Baraka");
  await press("Save");
  await shown("Settings saved");
  await open("/profile");
  await page.getByLabel("Your name").fill("Baraka Mwangi");
  await press("Save");
  await shown("Your name was saved");
});

test("a second workspace is opened and the first entered again", async () => {
  await open("/workspaces/new");
  await page.getByLabel("Workspace name").fill("Tawi");
  await press("Create workspace");
  await shown("0 of 5 done");
  await page.locator(".sidebar__body--wide .switcher > summary").click();
  await press("Duka la Baraka Owner");
  await shown("3 of 5 done");
});

test("home has ticked what was done", async () => {
  await open("/home");
  await page.locator(".step--done").first().waitFor();
  assert.equal(await page.locator(".step--done").count(), 3);
});

test("signing out", async () => {
  await press("Sign out");
  await open("/home");
  await page.waitForURL("**/signin");
});
