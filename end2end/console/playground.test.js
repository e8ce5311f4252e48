// The playground: what is wrong is underlined while somebody writes and after the button where no script runs, and a document of
// either notation runs as a call.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const NUMBER = "+254700000001";
const CALLEE = "+254722000042";
const WRONG = '{ "actions": [\n  { "dance": {} }\n] }';

describe("the playground", () => {
  let server, browser, workspace, page;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ({ workspace } = await signIn(server.url, { email: "playground@example.com", number: NUMBER }));
    page = await openPage(browser);
    await signedIn(page.context());
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const signedIn = (context) => {
    const [name, value] = workspace.headers.Cookie.split("=");
    return context.addCookies([{ name, value, url: server.url }]);
  };
  const said = () => page.locator("[data-editor-said]");

  test("what is wrong is underlined while somebody writes, and no longer once it is mended", async () => {
    await page.goto(`${server.url}/developers/playground`);
    await page.getByLabel("Answer").fill(WRONG);
    await page.locator(".editor__wrong").waitFor();
    assert.match(await page.locator(".editor__wrong").innerText(), /dance|\{/);
    assert.match(await said().innerText(), /A call would refuse this: line 2:\d+, actions\[0\]/);
    const [mark, editor] = await Promise.all([page.locator(".editor__wrong").boundingBox(), page.getByLabel("Answer").boundingBox()]);
    assert.ok(mark.y > editor.y && mark.y < editor.y + 60, "in the second line");
    await page.getByLabel("Answer").fill('{ "actions": [{ "hangup": {} }] }');
    await page.getByText("A call would run this").first().waitFor();
    assert.equal(await page.locator(".editor__wrong").count(), 0);
    assert.deepEqual(page.problems, []);
  });

  test("without script the button underlines the same", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: "en-US" });
    await signedIn(context);
    const plain = await context.newPage();
    await plain.goto(`${server.url}/developers/playground`);
    await plain.getByLabel("Answer").fill(WRONG);
    await Promise.all([plain.waitForNavigation(), plain.getByRole("button", { name: "Check", exact: true }).click()]);
    assert.equal(await plain.locator(".editor__wrong").count(), 1);
    await context.close();
  });

  test("what is called and shared is what is written, not what was there before", async () => {
    await page.goto(`${server.url}/developers/playground`);
    await page.getByLabel("Answer").fill(WRONG);
    await page.locator(".editor__wrong").waitFor();
    assert.equal(await page.getByRole("button", { name: "Call", exact: true }).count(), 0, "what a call would refuse is not called");
    await page.getByLabel("Answer").fill('{ "actions": [{ "pause": { "length": 1 } }] }');
    const to = page.locator('form[action="/console/playground/call"] [name="to"]');
    await to.fill(CALLEE);
    assert.match(await page.locator("#share").textContent(), /pause/);
    await page.getByLabel("Answer").fill('{ "actions": [{ "say": { "text": "Karibu" } }] }');
    await page.waitForFunction(() => document.querySelector("#share").textContent.includes("Karibu"));
    assert.equal(await to.inputValue(), CALLEE);
    // At once, before anything was looked at.
    await page.getByLabel("Answer").fill('{ "actions": [{ "pause": { "length": 2 } }] }');
    await Promise.all([page.waitForURL("**/calls/*"), page.getByRole("button", { name: "Call", exact: true }).click()]);
    const id = new URL(page.url()).pathname.split("/").at(-1);
    await eventually("its end", async () => (await workspace.get(`/v1/calls/${id}`)).status === "completed");
    const events = await workspace.get(`/v1/calls/${id}/events`);
    assert.deepEqual(events.filter(({ kind }) => kind === "verb.started").map(({ data }) => data.verb), ["pause"]);
  });

  test("a document of XML runs as a call", async () => {
    const document = "<Response><Pause length=\"1\"/></Response>";
    await page.goto(`${server.url}/developers/playground?document=${encodeURIComponent(document)}`);
    await page.locator('form[action="/console/playground/call"] [name="to"]').fill(CALLEE);
    await Promise.all([page.waitForURL("**/calls/*"), page.getByRole("button", { name: "Call", exact: true }).click()]);
    const id = new URL(page.url()).pathname.split("/").at(-1);
    await eventually("its end", async () => (await workspace.get(`/v1/calls/${id}`)).status === "completed");
    const events = await workspace.get(`/v1/calls/${id}/events`);
    assert.ok(events.some((event) => event.kind === "verb.started" && event.data.verb === "pause"));
  });
});
