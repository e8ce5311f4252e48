// Our SDK against the real server: hold, transfer, another network, a page that is loaded again, and what pages tell each other.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hears } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

/** Says back what it hears. */
const ANSWERS = "+254722000042";
/** Is engaged. */
const BUSY = "+254722009901";

let server, browser, workspace, customer;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  customer = await startCustomer(workspace);
});
after(async () => {
  customer?.stop();
  await browser?.close();
  await server?.stop();
});

/** A page of the customer's whose client has a token of its own each time that it asks. */
async function open(identity, allowed = {}) {
  const page = await openPage(browser);
  await page.exposeFunction("mint", () => workspace.token({ identity, ...allowed }));
  await page.goto(customer.url);
  const connect = () => page.evaluate(async (url) => {
    const { SautikitClient } = await import(`${url}/sdk/browser/index.esm.js`);
    window.log = [];
    window.client = new SautikitClient({ getToken: () => mint(), resume: true });
    window.follow = (call) => {
      window.call = call;
      for (const event of ["answered", "held", "reconnecting", "reconnected", "ended"]) call.on(event, (info) => log.push({ event, ...info }));
    };
    client.on("incoming", follow);
    client.on("resumed", follow);
    await client.connect();
  }, server.url);
  await connect();
  const logged = async (event) => (await page.waitForFunction((event) => log.find((entry) => entry.event === event), event)).jsonValue();
  const talk = async (to, options) => {
    await page.evaluate(async ([to, from, options]) => follow(await client.call(to, { from, ...options })), [to, workspace.number, options]);
    await logged("answered");
  };
  return { page, connect, logged, talk, close: () => page.context().close() };
}

const newestCall = async () => (await workspace.get("/v1/calls?limit=1"))[0];
const timeline = (id) => workspace.get(`/v1/calls/${id}/events`);
const happens = (id, wanted) => eventually(wanted, async () => (await timeline(id)).find(({ kind }) => kind === wanted));

test("a call is held and talks again, and its timeline says so", { timeout: 60_000 }, async () => {
  const phone = await open("holds");
  await phone.talk(ANSWERS);
  await hears(phone.page);
  const { id } = await newestCall();
  await phone.page.evaluate(() => call.hold());
  await happens(id, "leg.held");
  await phone.page.evaluate(() => call.hold(false));
  await happens(id, "leg.resumed");
  await hears(phone.page);
  await phone.page.evaluate(() => call.hangup());
  assert.equal((await workspace.newestBilled((call) => call.id === id)).status, "completed");
  await phone.close();
  assert.deepEqual(phone.page.problems, []);
});

test("a call goes on in another network, again and again", { timeout: 120_000 }, async () => {
  const phone = await open("moves");
  await phone.talk(ANSWERS);
  await hears(phone.page);
  const { id } = await newestCall();
  for (let change = 0; change < 5; change += 1) {
    await phone.page.evaluate(() => { log.length = 0; });
    // As browsers tell it: without a network, and with one again.
    await phone.page.evaluate(() => ["offline", "online"].forEach((event) => window.dispatchEvent(new Event(event))));
    await phone.logged("reconnected");
    await hears(phone.page);
  }
  const back = await happens(id, "leg.back");
  assert.ok(back.data.gap_ms >= 0 && back.data.gap_ms < 5_000, JSON.stringify(back.data));
  await phone.page.evaluate(() => call.hangup());
  const call = await workspace.newestBilled((call) => call.id === id);
  assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  await phone.close();
});

test("a page that is loaded again in mid-call talks on", { timeout: 60_000 }, async () => {
  const phone = await open("reloads");
  await phone.talk(ANSWERS);
  await hears(phone.page);
  const { id } = await newestCall();
  await phone.page.reload();
  await phone.connect();
  const { gapMs } = await phone.logged("reconnected");
  assert.ok(gapMs > 0 && gapMs < 20_000, `${gapMs} ms`);
  assert.equal((await newestCall()).id, id, "it is the same call");
  await hears(phone.page);
  await phone.page.evaluate(() => call.hangup());
  const call = await workspace.newestBilled((call) => call.id === id);
  assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  await phone.close();
});

test("what the caller's page says is read by the page that rings, and nothing of ours can be forged", { timeout: 60_000 }, async () => {
  const [asha, bob] = [await open("asha.says"), await open("bob.reads")];
  const talking = asha.talk("bob.reads", { customHeaders: { "X-Customer": "Asha W.", "X-Order": "17" } });
  await bob.page.waitForFunction(() => window.call);
  assert.deepEqual(await bob.page.evaluate(() => call.customHeaders), { "X-Customer": "Asha W.", "X-Order": "17" });
  await bob.page.evaluate(() => call.accept());
  await talking;
  await asha.page.evaluate(() => call.hangup());
  await bob.logged("ended");
  await asha.close();
  await bob.close();
});

test("quality is read from the server's own reports", { timeout: 60_000 }, async () => {
  const phone = await open("measures");
  await phone.talk(ANSWERS);
  const quality = await phone.page.evaluate(() => new Promise((resolve) => call.on("quality", resolve)));
  assert.ok(quality.mos > 3.5 && quality.mos <= 4.5, JSON.stringify(quality));
  assert.ok(quality.rttMs >= 0 && quality.rttMs < 1_000, JSON.stringify(quality));
  const report = await phone.page.evaluate(async () => {
    await call.hangup();
    return client.preflight();
  });
  assert.equal(report.ok, true, report.text);
  await phone.close();
});

test("what a token does not allow is refused before any record is written", { timeout: 60_000 }, async () => {
  const count = async () => (await workspace.get("/v1/calls?limit=100")).length;
  const before = await count();
  for (const allowed of [{ destinations: ["+2557"] }, { allow_outbound: false }]) {
    const phone = await open("restricted", allowed);
    const ended = await phone.page.evaluate(async ([to, from]) => {
      const call = await client.call(to, { from });
      return new Promise((resolve) => call.on("ended", resolve));
    }, [ANSWERS, workspace.number]);
    assert.deepEqual([ended.reason, ended.code, ended.error], ["failed", 403, "calls.destination_blocked"]);
    await phone.close();
  }
  assert.equal(await count(), before);
  // Not to be called: nothing rings, and calling goes on.
  const [deaf, asha] = [await open("deaf", { allow_inbound: false }), await open("asha.rings")];
  const ended = await asha.page.evaluate(async ([from]) => {
    const call = await client.call("deaf", { from });
    return new Promise((resolve) => call.on("ended", resolve));
  }, [workspace.number]);
  assert.equal(ended.reason, "noAnswer");
  await deaf.talk(ANSWERS);
  await hears(deaf.page);
  await deaf.page.evaluate(() => call.hangup());
  await deaf.close();
  await asha.close();
});

test("a call is handed over to another page, and a transfer that nobody takes leaves it where it was", { timeout: 60_000 }, async () => {
  const [asha, bob] = [await open("asha.hands"), await open("bob.takes")];
  await asha.talk(ANSWERS);
  const { id } = await newestCall();
  const progress = (state) => asha.page.waitForFunction((state) => log.some((entry) => entry.event === "transfer" && entry.state === state), state);
  await asha.page.evaluate(() => call.on("transfer", (told) => log.push({ event: "transfer", ...told })));
  await asha.page.evaluate((busy) => call.transfer(busy), BUSY);
  await progress("failed");
  assert.equal(await asha.page.evaluate(() => call.state), "active");
  await hears(asha.page);
  await asha.page.evaluate(() => call.transfer("bob.takes"));
  await bob.page.waitForFunction(() => window.call);
  await progress("ringing");
  await bob.page.evaluate(() => call.accept());
  await progress("done");
  await asha.logged("ended");
  await hears(bob.page);
  await happens(id, "leg.transferred");
  await bob.page.evaluate(() => call.hangup());
  assert.equal((await workspace.newestBilled((call) => call.id === id)).status, "completed");
  for (const phone of [asha, bob]) {
    await phone.close();
    assert.deepEqual(phone.page.problems, []);
  }
});

test("who asks first hands its caller to whom it asked, and both calls end for it", { timeout: 60_000 }, async () => {
  const [asha, bob] = [await open("asha.asks"), await open("bob.is-asked")];
  await asha.talk(ANSWERS);
  const { id } = await newestCall();
  await asha.page.evaluate((from) => { window.first = call; window.asking = client.call("bob.is-asked", { from }); }, workspace.number);
  await bob.page.waitForFunction(() => window.call);
  await bob.page.evaluate(() => call.accept());
  await asha.page.evaluate(async () => {
    window.second = await asking;
    while (second.state !== "active") await new Promise((resolve) => setTimeout(resolve, 20));
    if (!first.isHeld) throw new Error("the first call is not held");
    window.over = Promise.all([first, second].map((one) => new Promise((resolve) => one.on("ended", resolve))));
    await first.transfer(second);
    await over;
  });
  await hears(bob.page);
  await happens(id, "leg.transferred");
  await bob.page.evaluate(() => call.hangup());
  assert.equal((await workspace.newestBilled((call) => call.id === id)).status, "completed");
  for (const phone of [asha, bob]) {
    await phone.close();
    assert.deepEqual(phone.page.problems, []);
  }
});
