// A call's `stream_url` in a customer's own web page, of another origin than ours: an EventSource as every browser has it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

const NUMBER = "+254700000001";
const CALLEE = "+254722000042";

/** What a customer's page does: follows a call until the browser has closed the stream for good. */
function follow(url) {
  return new Promise((resolve) => {
    const kinds = [];
    const source = new EventSource(url);
    let opened = 0;
    source.addEventListener("open", () => { opened += 1; });
    for (const kind of ["ringing", "answered", "completed", "billed"]) {
      source.addEventListener(`call.${kind}`, ({ data }) => kinds.push([kind, JSON.parse(data).kind]));
    }
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) resolve({ kinds, opened });
    });
  });
}

describe("a customer's own page", () => {
  let server, browser, site, workspace, page;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    site = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>Shop</title>")).listen(0, "127.0.0.1");
    await once(site, "listening");
    workspace = await openWorkspace(server.url, { email: "shop@example.com", number: NUMBER });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    assert.notEqual(new URL(page.url()).origin, new URL(server.url).origin);
  });
  after(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
    await server?.stop();
  });

  const place = () => workspace.post("/v1/calls", { from: NUMBER, to: CALLEE, actions: [{ pause: { length: 1 } }] }, 202);

  test("follows a call, and its EventSource stops by itself once the call is over", async () => {
    const { stream_url } = await place();
    const { kinds, opened } = await page.evaluate(follow, stream_url);
    assert.deepEqual(kinds.map(([kind]) => kind), ["ringing", "answered", "completed", "billed"]);
    assert.equal(opened, 1, "the one that came back was told that nothing is left");
  });

  test("is told by name what is wrong with a token", async () => {
    const { stream_url } = await place();
    const [status, code] = await page.evaluate(async (url) => {
      const answer = await fetch(url);
      return [answer.status, (await answer.json()).error.code];
    }, stream_url.replace(/token=.*/, "token=nonsense"));
    assert.deepEqual([status, code], [401, "calls.stream_token_invalid"]);
  });

  test("goes on from where it was, with a header that it sends itself", async () => {
    const { stream_url, call_id } = await place();
    await workspace.newestBilled(({ id }) => id === call_id);
    const text = await page.evaluate(async (url) => {
      const answer = await fetch(url, { headers: { "Last-Event-ID": "2" } });
      return answer.text();
    }, stream_url);
    assert.ok(!text.includes("call.ringing") && text.includes("call.billed"), text);
  });

  test("reads nothing else of the API", async () => {
    const refused = await page.evaluate((url) => fetch(url).then(() => "read", () => "refused"), `${server.url}/v1/pricing`);
    assert.equal(refused, "refused");
  });
});
