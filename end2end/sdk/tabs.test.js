// One phone in two tabs: it is registered once, rings in both, is answered in either, and outlives each of them.
import assert from "node:assert/strict";
import { incoming, sdkPages, test } from "./page.js";

const world = sdkPages();
const count = (wanted) => world.gateway.requests.filter(({ method }) => method === wanted).length;

/** Opens a second tab beside `world.page`, each with a client of the same phone. */
async function twoTabs() {
  const first = world.page;
  await world.open({ tabs: "shared" });
  await connected();
  const second = await world.context.newPage();
  second.on("pageerror", (error) => world.problems.push(String(error)));
  await second.goto(world.gateway.url);
  world.page = second;
  await world.open({ tabs: "shared" });
  await connected();
  world.page = first;
  return [first, second];
}

const connected = () => world.page.evaluate(async () => {
  for (const event of ["incoming", "resumed"]) {
    client.on(event, (call) => {
      window.call = call;
      log.push({ event });
      note(call);
    });
  }
  await client.connect();
});

const logs = (page, event) => page.waitForFunction((event) => log.some((entry) => entry.event === event), event);

test("two tabs register once and ring once, and the tab that does not lead answers", async () => {
  const [first, second] = await twoTabs();
  assert.deepEqual([await first.evaluate(() => client.isLeader), await second.evaluate(() => client.isLeader)], [true, false]);
  assert.deepEqual(await second.evaluate(() => [client.state, client.identity]), ["registered", "asha"]);
  assert.equal(count("REGISTER"), 1);
  const caller = incoming(world.gateway, "both");
  caller.invite(await world.farEnd());
  await Promise.all([first, second].map((page) => logs(page, "incoming")));
  assert.equal(world.gateway.requests.filter(({ status }) => status === 180).length, 1);
  await second.evaluate(() => call.accept());
  const answer = await world.gateway.received(({ status, header }) => status === 200 && /INVITE/.test(header("CSeq")));
  await first.evaluate((sdp) => far.setRemoteDescription({ type: "answer", sdp }), answer.body);
  // A BYE may not overtake the ACK (RFC 3261 §15).
  caller.ack(answer.header("To"));
  await Promise.all([first, second].map((page) => logs(page, "answered")));
  assert.deepEqual(await second.evaluate(() => [call.state, call.from, call.isMuted]), ["active", "+254711000001", false]);
  await second.evaluate(() => call.mute());
  await first.waitForFunction(() => call.isMuted);
  // A tab that closes and does not lead takes nothing with it.
  await second.close();
  await world.hears();
  assert.equal(count("BYE"), 0);
  await first.evaluate(() => call.hangup());
  await world.gateway.received(({ method }) => method === "BYE");
  assert.deepEqual(world.problems, []);
});

test("either tab calls, and errors are the same in both", async () => {
  world.answering();
  const [first, second] = await twoTabs();
  await second.evaluate(async () => {
    window.call = await client.call("+254700000001");
    note(call);
  });
  await logs(second, "answered");
  await first.waitForFunction(() => client.calls.length === 1);
  assert.equal(await first.evaluate(() => client.calls[0].to), "+254700000001");
  const told = await second.evaluate(async () => {
    const error = await client.call("not a number @").catch((error) => error);
    return { code: error.code, typed: error instanceof sdk.SautikitError, remedy: error.remedy };
  });
  assert.deepEqual([told.code, told.typed], ["call.destination_invalid", true]);
  assert.ok(told.remedy);
  await first.evaluate(() => client.calls[0].hangup());
  await logs(second, "ended");
  assert.equal(await second.evaluate(() => client.calls.length), 0);
});

test("when the leader closes, the other tab takes its call over", async () => {
  world.gateway.onRequest = async (request, reply) => (request.method === "INVITE" ? reply(200, { "X-Sautikit-Call-Id": "HD_1" }, await world.farEnd(request.body)) : reply(200));
  const [first, second] = await twoTabs();
  await second.evaluate(async () => {
    window.call = await client.call("+254700000001");
    note(call);
    ["reconnecting", "reconnected"].forEach((event) => call.on(event, (info) => log.push({ event, ...info })));
  });
  await logs(second, "answered");
  world.page = second;
  await first.close({ runBeforeUnload: true });
  await logs(second, "reconnected");
  assert.equal(await second.evaluate(() => client.isLeader), true);
  const [before, after] = world.gateway.requests.filter(({ method }) => method === "INVITE");
  assert.equal(after.header("Call-ID"), before.header("Call-ID"));
  assert.equal(count("BYE"), 0);
  await world.hears();
  assert.deepEqual(await second.evaluate(() => [call.state, client.calls.length, client.calls[0] === call]), ["active", 1, true]);
  await second.evaluate(() => call.hangup());
  await world.gateway.received(({ method }) => method === "BYE");
});

test("a call whose leader left nothing of it is over in every tab", async () => {
  world.answering();
  const [first, second] = await twoTabs();
  await second.evaluate(async () => {
    window.call = await client.call("+254700000001");
    note(call);
  });
  await logs(second, "answered");
  // As a tab that crashes.
  await first.evaluate(() => { Storage.prototype.setItem = () => { throw new Error("full"); }; });
  await first.close({ runBeforeUnload: true });
  await logs(second, "ended");
  assert.equal(await second.evaluate(() => log.find(({ event }) => event === "ended").reason), "networkLost");
  assert.deepEqual(await second.evaluate(() => [call.state, client.calls.length, client.isLeader]), ["ended", 0, true]);
});

test("a tab that takes over and cannot connect tries on", async () => {
  const [first, second] = await twoTabs();
  world.gateway.tokenStatus = 500;
  await first.close({ runBeforeUnload: true });
  await second.waitForFunction(() => heard.includes("error"));
  assert.equal(await second.evaluate(() => client.state), "reconnecting");
  world.gateway.tokenStatus = 200;
  await second.waitForFunction(() => client.state === "registered");
  assert.equal(count("REGISTER"), 2);
});

test("a connect() that fails can be tried again", async () => {
  world.gateway.tokenStatus = 500;
  await world.open({ tabs: "shared" });
  const tried = () => world.page.evaluate(async () => (await outcome(client.connect())).text);
  assert.equal(await tried(), "token.refused");
  world.gateway.tokenStatus = 200;
  assert.equal(await tried(), "resolved");
});
