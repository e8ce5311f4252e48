// The softphone in its own window: a call outlives the console's page loads, and calls come in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hears } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { NUMBER, press, settleIn, shown } from "./newcomer.js";

let server, browser, page, phone;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await openPage(browser);
  await settleIn(page, server, "dalila@example.co.ke");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const row = (status) => page.locator("tbody .badge", { hasText: status }).first().waitFor();
const state = (name) => phone.locator(`[data-phone="root"][data-state="${name}"]`).waitFor();

test("every link to the phone leads to the one window", async () => {
  const opened = page.waitForEvent("popup");
  await page.locator(".sidebar__body--wide a", { hasText: "Softphone" }).click();
  phone = await opened;
  await shown(phone, "Ready");
  await phone.evaluate(() => { window.notReloaded = true; });
  await page.getByRole("link", { name: "Call with this number" }).click();
  await phone.waitForFunction((number) => document.querySelector('[data-phone="from"]').value === number, NUMBER);
  assert.equal(page.context().pages().length, 2);
  assert.equal(await phone.evaluate(() => window.notReloaded), true);
});

test("a call goes on while the console loads other pages", async () => {
  await phone.locator('[data-phone="to"]').fill("+254722000042");
  await press(phone, "Call");
  await state("inCall");
  await hears(phone);
  for (const path of ["/home", "/calls", "/numbers", "/wallet"]) {
    await page.goto(server.url + path);
    await hears(phone);
  }
  await page.reload();
  await hears(phone);
  await state("inCall");
});

test("the console's list shows the running call and its end by itself", async () => {
  await page.goto(`${server.url}/calls`);
  await row("In progress");
  await press(phone, "Mute");
  await shown(phone, "Unmute");
  await press(phone, "Unmute");
  await press(phone, "Keypad");
  await phone.locator('[data-digit="5"]').click();
  await phone.keyboard.press("6");
  await press(phone, "Hold");
  await shown(phone, "On hold");
  await press(phone, "Resume");
  await press(phone, "Hang up");
  await state("idle");
  await shown(phone, "Call ended · You hung up");
  await row("Completed");
});

test("a busy number is told as busy", async () => {
  await phone.locator('[data-phone="to"]').fill("+254722009901");
  await press(phone, "Call");
  await shown(phone, "Call ended · Busy");
  await state("idle");
});

test("the history is there after the window was opened anew, and calls again from it", async () => {
  const entry = phone.locator('[data-phone="log"] li', { hasText: "+254722009901" }).first();
  await entry.waitFor();
  const count = await phone.locator('[data-phone="log"] li').count();
  await phone.reload();
  await shown(phone, "Ready");
  assert.equal(await phone.locator('[data-phone="log"] li').count(), count);
  await entry.getByRole("button", { name: "Call again" }).click();
  await shown(phone, "Call ended · Busy");
  await state("idle");
  assert.equal(await phone.locator('[data-phone="log"] li').count(), count + 1);
});

test("what can't be called is refused in words, with a code", async () => {
  await state("idle");
  await phone.locator('[data-phone="to"]').fill("abc def!");
  await press(phone, "Call");
  await phone.locator('[data-phone="problem-code"][href="/docs/errors/validation.bad_request"]').waitFor();
  await phone.locator('[data-phone="to"]').fill("999");
  await press(phone, "Call");
  await phone.locator('[data-phone="problem"]', { hasText: "Emergency numbers can't be called from here." }).waitFor();
  await state("idle");
});

test("the sandbox calls the number and the phone answers", async () => {
  await page.goto(`${server.url}/numbers`);
  await page.getByRole("link", { name: NUMBER }).click();
  await press(page, "Call it now");
  await state("incoming");
  await press(phone, "Answer");
  await state("inCall");
  await hears(phone);
  await press(phone, "Hang up");
  await state("idle");
});

test("a key that is held down places one call, which the one button ends", async () => {
  const calls = async () => (await (await page.request.get(`${server.url}/v1/calls?limit=200`)).json()).length;
  const before = await calls();
  const field = phone.locator('[data-phone="to"]');
  await field.fill("+254722000042");
  await field.focus();
  // A held key repeats thirty times a second.
  for (let press = 0; press < 30; press += 1) await phone.keyboard.press("Enter");
  await state("inCall");
  for (let press = 0; press < 30; press += 1) await phone.keyboard.press("Enter");
  assert.equal(await calls(), before + 1);
  await press(phone, "Hang up");
  await state("idle");
  // The phone is told of the end before its record is kept.
  const newest = await eventually("the end of the one call", async () => {
    const [call] = await (await page.request.get(`${server.url}/v1/calls?limit=1`)).json();
    return call.ended_at ? call : null;
  });
  // The seconds are the record's.
  await phone.getByText(`You hung up · 0:0${newest.duration_seconds}`).first().waitFor();
});

test("a phone of one workspace takes no token of another", async () => {
  await page.goto(`${server.url}/workspaces/new`);
  await page.getByLabel("Workspace name").fill("Elsewhere");
  await press(page, "Create workspace");
  await page.waitForURL("**/home");
  const refused = await phone.evaluate(async () => {
    const { workspace } = document.querySelector('[data-phone="root"]').dataset;
    const token = await (await fetch("/v1/sip/token", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" })).json();
    return !token.sip_uri.includes(workspace.replaceAll("-", ""));
  });
  assert.ok(refused);
  await phone.reload();
  // The window that is opened anew belongs to the workspace that the person works in.
  await phone.getByText("A phone needs a number").waitFor();
});

test("the console had no error meanwhile", () => {
  assert.deepEqual(page.problems, []);
});
