// `durationSeconds` after the end is the record's `duration_seconds`, whoever ends the call and whatever its length. LENGTHS says how
// many lengths around a full second are tried (default: 12).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { callsOf } from "../support/calls.js";
import { startCustomer } from "../support/customer.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const ANSWERS = "+254722000042";
/** Hangs up after five seconds by its own clock. */
const HANGS_UP = "+254722009905";
const LENGTHS = Number(process.env.LENGTHS ?? 12);
/** Between two lengths: less than a page's clock and the gateway's differ by, so that some of them round apart. */
const STEP_MS = 3;

let server, browser, workspace, customer, calls, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  customer = await startCustomer(workspace);
  calls = callsOf(workspace);
  page = await openPage(browser);
  await page.exposeFunction("mint", () => workspace.token({ identity: "counts" }));
  await page.goto(customer.url);
  await page.evaluate(async (url) => {
    const { SautikitClient } = await import(`${url}/sdk/browser/index.esm.js`);
    window.client = new SautikitClient({ getToken: () => mint() });
    window.follow = (call) => {
      window.call = call;
      window.answered = new Promise((resolve) => call.on("answered", resolve));
      window.ended = new Promise((resolve) => call.on("ended", resolve));
    };
    client.on("incoming", follow);
    await client.connect();
  }, server.url);
});
after(async () => {
  customer?.stop();
  await browser?.close();
  await server?.stop();
});

const place = (to) => page.evaluate(async ([to, from]) => {
  follow(await client.call(to, { from }));
  await answered;
}, [to, workspace.number]);

/** Hangs up so long after the answer, by the page's clock. */
const hangUpAfter = (ms) => page.evaluate(async (ms) => {
  const until = performance.now() + ms;
  while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve));
  await call.hangup();
}, ms);

/** What the page was told, and what the record says. */
async function compared() {
  const told = await page.evaluate(async () => ({ callId: call.callId, ended: (await ended).durationSeconds, shown: call.durationSeconds }));
  const id = (await workspace.get("/v1/calls?limit=1"))[0].id;
  const { duration_seconds: recorded } = await calls.billed(id);
  return { ...told, recorded };
}

const assertSame = (what, { ended, shown, recorded }) => assert.deepEqual([ended, shown], [recorded, recorded], what);

test("who calls and hangs up", { timeout: 60_000 + LENGTHS * 6_000 }, async () => {
  for (let turn = 0; turn < LENGTHS; turn += 1) {
    const ms = 1_000 + (turn - Math.floor(LENGTHS / 2)) * STEP_MS;
    await place(ANSWERS);
    await hangUpAfter(ms);
    assertSame(`after ${ms} ms`, await compared());
  }
});

test("who calls and is hung up on: by the other side, and by the API", { timeout: 90_000 }, async () => {
  await place(HANGS_UP);
  assertSame("the other side", await compared());
  for (const ms of [880, 930, 980]) {
    await place(ANSWERS);
    const [{ id }] = await workspace.get("/v1/calls?limit=1");
    await new Promise((resolve) => setTimeout(resolve, ms));
    await calls.hangUp(id);
    assertSame(`by the API after ${ms} ms`, await compared());
  }
});

test("who is called, and hangs up or is hung up on", { timeout: 90_000 }, async () => {
  for (const ms of [990, 1_000, 1_010]) {
    await page.evaluate(() => { window.call = undefined; });
    await workspace.callUs();
    await page.waitForFunction(() => window.call);
    await page.evaluate(async () => {
      await call.accept();
      await answered;
    });
    if (ms === 1_000) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      const [{ id }] = await workspace.get("/v1/calls?limit=1");
      await calls.hangUp(id);
    } else {
      await hangUpAfter(ms);
    }
    assertSame(`after ${ms} ms`, await compared());
  }
});

test("a call that was spoken to before it is connected counts from its own answer", { timeout: 60_000 }, async (t) => {
  customer.answers = () => ({ actions: [{ say: { text: "One moment please." } }, { dial: { to: { client: "counts" } } }] });
  t.after(() => workspace.route({ voice_callback_url: null }));
  await workspace.route({ voice_callback_url: `${customer.url}/voice` });
  await page.evaluate(() => { window.call = undefined; });
  await workspace.callUs();
  await page.waitForFunction(() => window.call);
  await page.evaluate(() => call.accept());
  await hangUpAfter(700);
  const told = await compared();
  assertSame("as the record", told);
  assert.ok(told.recorded >= 2, `${told.recorded} s, what was said among them`);
  await eventually("the page is free", () => page.evaluate(() => client.calls.length === 0));
});
