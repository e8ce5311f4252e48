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
});
