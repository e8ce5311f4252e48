// A call that did not go as it should says above its figures what went wrong: each rule is provoked for real.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { refuses } from "../sipp/carriers.js";
import { carrier } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const NUMBER = "+254700000001";
const CALLER = "+254722000042";
/** The sandbox's carrier: busy, out of order, declines, answers and sends no packet. */
const [BUSY, BROKEN, DECLINES, SILENT] = ["+254722009901", "+254722009903", "+254722009904", "+254722009907"];
/** In a country that the workspace may not call. */
const ABROAD = "+255713000000";
/** Half a minute of silence ends a call; the rest is for a busy machine. */
const SILENCE_MS = 90_000;
/** Where pictures go, for whoever wants to look. */
const PICTURES = process.env.PICTURES;

describe("the sentence above a call", () => {
  let server, browser, workspace, page, customer, answer, trunks;

  before(async () => {
    const reserved = await reserveTrunks({ deaf: [{}] });
    trunks = reserved.trunks;
    [server, browser] = await Promise.all([startServer(reserved.settings), launchBrowser()]);
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

  const end = (id, of = workspace) => eventually("the call's end", async () => {
    const { status } = await of.get(`/v1/calls/${id}`);
    return !["ringing", "answered"].includes(status);
  }, SILENCE_MS);
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

  test("a carrier that refuses every codec is told apart from one that refuses the call", async () => {
    const { done } = await carrier(refuses("488 Not Acceptable Here"), trunks.deaf.port);
    const text = await placed(trunks.deaf.number);
    await done;
    assert.match(text, new RegExp(`\\${trunks.deaf.number} speaks none of the offered codecs`));
    assert.match(text, /488/);
    assert.match(text, /G\.711/);
  });

  test("a carrier that sends no sound is named, while the call goes on and when it is ended for it", async () => {
    const passing = await placed(SILENT, { actions: [{ pause: { length: 14 } }] });
    assert.match(passing, new RegExp(`No sound came from \\${SILENT}`));
    assert.match(passing, /ten seconds/);
    const ended = await placed(SILENT, { actions: [{ pause: { length: 120 } }] });
    assert.match(ended, new RegExp(`No sound came from \\${SILENT}`));
    assert.match(ended, /ended after 30 seconds of silence/);
  });

  test("a number that the workspace may not call is named with its code, though the call itself went on", async () => {
    const blocked = await called((response) => say(response, [{ dial: { to: ABROAD } }, { hangup: {} }]));
    assert.match(blocked, new RegExp(`Calls to \\${ABROAD} are not allowed`));
    assert.match(blocked, /calls\.destination_blocked/);
    const emergency = await called((response) => say(response, [{ dial: { to: "112" } }, { hangup: {} }]));
    assert.match(emergency, /112 is an emergency number/);
  });

  test("money that ends is said, and what to do about it", async () => {
    // Four seconds of talk.
    const { workspace: poor } = await signIn(server.url, { email: "poor@example.com", number: "+254700000002", left: 20 });
    await poor.patch("/v1/workspace", { overdraft_policy: "none" });
    const { call_id } = await poor.post("/v1/calls", { from: poor.number, to: CALLER, actions: [{ pause: { length: 60 } }] }, 202);
    await end(call_id, poor);
    const theirs = await openPage(browser);
    const [name, value] = poor.headers.Cookie.split("=");
    await theirs.context().addCookies([{ name, value, url: server.url }]);
    await theirs.goto(`${server.url}/calls/${call_id}`);
    const text = await theirs.locator("[data-diagnosis]").innerText();
    assert.match(text, /The money of the wallet ended/);
    assert.match(text, /Top up the wallet/);
    assert.deepEqual(theirs.problems, []);
  });

  test("the longest duration is named", async () => {
    assert.match(await placed(CALLER, { max_duration: 1, actions: [{ pause: { length: 20 } }] }), /longest duration/);
  });
});
