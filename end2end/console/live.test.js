// The list of calls and the page of a call change by themselves: what happens is told by the server, not asked for.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";

const NUMBER = "+254700000001";
const CALLEE = "+254722000042";

describe("pages of calls", () => {
  let server, browser, workspace, page;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ({ workspace } = await signIn(server.url, { email: "live@example.com", number: NUMBER }));
    page = await openPage(browser);
    const [name, value] = workspace.headers.Cookie.split("=");
    await page.context().addCookies([{ name, value, url: server.url }]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const place = (actions) => workspace.post("/v1/calls", { from: NUMBER, to: CALLEE, actions }, 202);

  test("the list shows a call that begins, and its end, without being loaded again", async () => {
    await page.goto(`${server.url}/calls`);
    await page.evaluate(() => { window.isTheSame = true; });
    // Nothing runs, so nothing is asked for every few seconds.
    assert.equal(await page.locator("[data-live-seconds]").count(), 0);
    const { call_id } = await place([{ pause: { length: 2 } }]);
    const row = page.locator(`tr:has(a[href="/calls/${call_id}"])`);
    await row.waitFor();
    await page.locator(`tr:has(a[href="/calls/${call_id}"]):has-text("Completed")`).waitFor();
    assert.ok(await page.evaluate(() => window.isTheSame));
    assert.deepEqual(page.problems, []);
  });

  test("the list goes on by itself after the stream was answered by a proxy whose server is away", async () => {
    let refused = 0;
    const away = (route) => { refused += 1; return route.fulfill({ status: 502, body: "Bad Gateway" }); };
    await page.route("**/v1/calls/stream", away, { times: 1 });
    const followed = page.waitForResponse((answer) => answer.url().endsWith("/v1/calls/stream") && answer.status() === 200);
    await page.goto(`${server.url}/calls`);
    await followed;
    assert.equal(refused, 1);
    const { call_id } = await place([{ pause: { length: 2 } }]);
    await page.locator(`tr:has(a[href="/calls/${call_id}"]):has-text("Completed")`).waitFor();
    // The browser says of the one answer that it was no stream.
    page.problems.length = 0;
  });

  test("the page of a call shows its end", async () => {
    const { call_id } = await place([{ pause: { length: 2 } }]);
    await page.goto(`${server.url}/calls/${call_id}`);
    await page.evaluate(() => { window.isTheSame = true; });
    await page.getByText("Completed").first().waitFor();
    assert.ok(await page.evaluate(() => window.isTheSame));
    assert.deepEqual(page.problems, []);
  });

  /** Opens a page and waits until it is told of what changes. */
  async function followed(path, stream) {
    const open = page.waitForResponse((answer) => answer.url().includes(stream) && answer.status() === 200);
    await page.goto(`${server.url}${path}`);
    await open;
    await page.evaluate(() => { window.isTheSame = true; });
  }

  /** The page is still the one that was loaded, and nothing went wrong on it. */
  async function isTheSame() {
    assert.ok(await page.evaluate(() => window.isTheSame));
    assert.deepEqual(page.problems, []);
  }

  test("the request log shows a request that is made meanwhile", async () => {
    await followed("/developers/requests", "/v1/workspace/changes");
    await workspace.get("/v1/numbers?limit=7");
    await page.getByText("GET /v1/numbers?limit=7").waitFor();
    await isTheSame();
  });

  test("the wallet shows a payment that comes meanwhile, with the balance", async () => {
    await followed("/wallet", "/v1/workspace/changes");
    const before = await page.locator(".workspace__money").first().innerText();
    await workspace.post("/v1/wallet/top-ups", { method: "mpesa", amount_minor: 12_300, phone: "+254722000001" }, 202);
    await page.locator("#top-ups").getByText("KES 123.00").waitFor();
    await page.waitForFunction((before) => document.querySelector(".workspace__money").innerText !== before, before);
    await isTheSame();
  });

  test("deliveries show what was sent meanwhile, and what came of it", async () => {
    const endpoint = await workspace.post("/v1/webhooks", { url: "http://127.0.0.1:9/events" }, 201);
    await followed("/developers/deliveries", "/v1/workspace/changes");
    const test = await workspace.post(`/v1/webhooks/${endpoint.id}/test`, {}, 202);
    const row = page.locator(`tr:has(a[href="/developers/deliveries/${test.id}"])`);
    await row.waitFor();
    await isTheSame();
  });

  test("conferences and queues show who comes and who goes, and nobody asks every few seconds", async () => {
    await followed("/calls/meetings", "/v1/workspace/changes");
    const { call_id } = await place([{ conference: { name: "stand-up" } }]);
    await page.getByRole("heading", { name: "stand-up" }).waitFor();
    await place([{ enqueue: { name: "support" } }]);
    await page.getByRole("heading", { name: "support" }).waitFor();
    await workspace.post(`/v1/calls/${call_id}/hangup`, {});
    await page.getByRole("heading", { name: "stand-up" }).waitFor({ state: "detached" });
    await isTheSame();
  });

  test("the clock and the cost of a call go on by themselves, its timeline grows without being asked for, and its end is shown", async () => {
    const { call_id } = await place([{ pause: { length: 4 } }, { pause: { length: 2 } }]);
    await followed(`/calls/${call_id}?view=list`, `/v1/calls/${call_id}/stream`);
    const clock = page.locator(".stats [data-running-ms]");
    await clock.waitFor();
    const cost = page.locator(".stats [data-running-legs]");
    const [first, dear] = [await clock.innerText(), await cost.innerText()];
    let asked = 0;
    const count = (request) => { asked += request.url().includes(`/calls/${call_id}?view=list`) ? 1 : 0; };
    page.on("request", count);
    await page.waitForFunction((first) => document.querySelector(".stats [data-running-ms]")?.innerText !== first, first);
    await page.waitForFunction((dear) => document.querySelector(".stats [data-running-legs]")?.innerText !== dear, dear);
    // Each entry of the timeline is a reason to ask; time that goes by is none.
    const events = await workspace.get(`/v1/calls/${call_id}/events`);
    assert.ok(asked <= events.length, `${asked} looks at ${events.length} entries`);
    await page.getByText("Completed").first().waitFor();
    page.off("request", count);
    await isTheSame();
  });
});
