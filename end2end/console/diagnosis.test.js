// A call that did not go as it should says above its figures what went wrong: each rule is provoked for real.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const NUMBER = "+254700000001";
const CALLER = "+254722000042";
/** The sandbox's carrier: busy, out of order, declines, hangs up after 5 s. */
const [BUSY, BROKEN, DECLINES] = ["+254722009901", "+254722009903", "+254722009904"];
/** Where pictures go, for whoever wants to look. */
const PICTURES = process.env.PICTURES;

describe("the sentence above a call", () => {
  let server, browser, workspace, page, customer, answer;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ({ workspace } = await signIn(server.url, { email: "diagnosis@example.com", number: NUMBER }));
    customer = createServer(async (request, response) => {
      await request.resume();
      await answer(response, request.url);
    }).listen(0, "127.0.0.1");
    await once(customer, "listening");
    page = await openPage(browser);
    const [name, value] = workspace.headers.Cookie.split("=");
    await page.context().addCookies([{ name, value, url: server.url }]);
  });
  after(async () => {
    await browser?.close();
    customer?.closeAllConnections();
    customer?.close();
    await server?.stop();
  });

  const end = (id) => eventually("the call's end", async () => {
    const { status } = await workspace.get(`/v1/calls/${id}`);
    return !["ringing", "answered"].includes(status);
  });
  const say = (response, actions) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ actions }));

  /** A call to the number, whose server answers so; the sentence that its page shows. */
  async function called(how, more = {}) {
    answer = how;
    await workspace.route({ voice_callback_url: `http://127.0.0.1:${customer.address().port}/voice`, ...more });
    const { call_id } = await workspace.post("/v1/sandbox/inbound", { to: NUMBER, from: CALLER }, 202);
    await end(call_id);
    return shown(call_id);
  }

  /** A call by the API; what its page shows. */
  async function placed(to, more = {}) {
    const { call_id } = await workspace.post("/v1/calls", { from: NUMBER, to, ...more }, 202);
    await end(call_id);
    return shown(call_id);
  }

  async function shown(id) {
    await page.goto(`${server.url}/calls/${id}`);
    const notice = page.locator("[data-diagnosis]");
    return await notice.count() === 0 ? null : await notice.innerText();
  }

  test("of a call that went well there is none", async () => {
    assert.equal(await called((response) => say(response, [{ hangup: {} }])), null);
  });

  test("a server that answers 500 is named, and what the caller heard", async () => {
    const text = await called((response) => response.writeHead(500).end());
    assert.match(text, /Your server answered with status 500/);
    assert.match(text, /apology/);
    assert.match(text, /call\.callback_failed/);
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      for (const [width, height] of [[390, 844], [768, 1024], [1440, 900]]) {
        for (const colorScheme of ["light", "dark"]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height });
          await page.screenshot({ path: `${PICTURES}/diagnosis-${width}-${colorScheme}.png` });
        }
      }
    }
  });

  test("where a fallback took over, that is said", async () => {
    const fallback = `http://127.0.0.1:${customer.address().port}/fallback`;
    const text = await called((response, url) => url === "/fallback" ? say(response, [{ hangup: {} }]) : response.writeHead(503).end(), { fallback_url: fallback });
    assert.match(text, /status 503/);
    assert.match(text, /fallback took over/);
    await workspace.route({ fallback_url: null });
  });

  test("an answer that is no action document shows where it is wrong", async () => {
    const text = await called((response) => say(response, [{ dance: {} }]));
    assert.match(text, /answer could not be used/);
    assert.match(text, /dance|actions\[0\]/i);
  });

  test("a server that takes its time is told how long", async () => {
    const text = await called((response) => setTimeout(() => say(response, [{ hangup: {} }]), 2_300));
    assert.match(text, /Your server took 2\.\d s to answer/);
  });

  test("a server that cannot be reached is told apart from one that fails", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = gone.address();
    await new Promise((closed) => gone.close(closed));
    const text = await called(() => {}, { voice_callback_url: `http://127.0.0.1:${port}/voice` });
    assert.match(text, /could not be reached/);
  });

  test("the number that a call led to in vain is named with the network's reason", async () => {
    assert.match(await placed(BUSY), new RegExp(`\\${BUSY} was busy`));
    assert.match(await placed(DECLINES), new RegExp(`\\${DECLINES} declined the call`));
    const broken = await placed(BROKEN);
    assert.match(broken, new RegExp(`The network refused the call to \\${BROKEN}`));
    assert.match(broken, /503/);
  });

  test("the list has the cause beside the status", async () => {
    await page.goto(`${server.url}/calls?status=failed`);
    await page.getByText("SIP 503").first().waitFor();
    assert.deepEqual(page.problems, []);
  });

  test("the longest duration is named", async () => {
    assert.match(await placed(CALLER, { max_duration: 1, actions: [{ pause: { length: 20 } }] }), /longest duration/);
  });
});
