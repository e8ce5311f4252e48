// A call outlives its connection, its way, its token and its page.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();
const invites = () => world.gateway.requests.filter(({ method }) => method === "INVITE");
const ufragOf = ({ body }) => /a=ice-ufrag:(\S+)/.exec(body)?.[1];
const hungUp = () => world.gateway.requests.some(({ method }) => method === "BYE");

test("a connection that drops is told in the call, and nothing is missed of the audio", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  world.gateway.socket.terminate();
  await world.logged("reconnecting");
  await world.hears();
  assert.equal((await world.logged("reconnected")).gapMs, 0);
  await world.gateway.received(({ method }) => method === "UPDATE");
  // The audio's way is the same one.
  assert.equal(invites().length, 1);
  await world.page.evaluate(() => call.hangup());
  await world.gateway.received(({ method }) => method === "BYE");
});

test("a way that is gone is looked for anew, and the gap is told", async () => {
  // Whoever answers now is another end, with other keys.
  world.answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
  await world.talk();
  await world.hears();
  await world.page.evaluate(() => far.close());
  await world.page.waitForFunction(() => log.some(({ event }) => event === "reconnected"), undefined, { timeout: 40_000 });
  const { gapMs } = await world.logged("reconnected");
  assert.ok(gapMs > 0, `${gapMs}`);
  const [first, second] = invites().map(ufragOf);
  assert.ok(first && second && first !== second, "the offer restarts ICE");
  await world.hears();
  await world.isHeard();
  assert.ok(!hungUp());
});

test("another network is connected to at once, and the audio is taken along", async () => {
  world.answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
  await world.talk();
  const since = Date.now();
  await world.page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await world.page.waitForFunction(() => heard.includes("reconnected"));
  while (invites().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(Date.now() - since < 2_500, `${Date.now() - since} ms`);
  assert.notEqual(ufragOf(invites()[0]), ufragOf(invites()[1]));
  await world.page.waitForFunction(() => far.connectionState === "connected");
  await world.hears();
  await world.isHeard();
  // What the browser says of it later is nothing new.
  await world.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await world.hears();
  assert.equal(world.gateway.requests.filter(({ method }) => method === "REGISTER").length, 2);
});

test("a page that wakes asks whether the gateway is there, and connects anew when it is not", async () => {
  await world.connect();
  const wake = () => world.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await wake();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(await world.page.evaluate(() => heard.includes("reconnecting")), false);
  world.gateway.answersPings = false;
  await wake();
  await world.page.waitForFunction(() => heard.includes("reconnected"), undefined, { timeout: 5_000 });
});

test("tokens that can no longer be had end no call", async () => {
  world.gateway.tokenLife = 10;
  world.gateway.expires = 10;
  world.answering();
  await world.connect();
  await world.talk();
  world.gateway.tokenStatus = 500;
  const before = world.gateway.onRequest;
  world.gateway.onRequest = (request, reply) => (request.method === "REGISTER" ? reply(401) : before(request, reply));
  await world.page.waitForFunction(() => heard.includes("unregistered"), undefined, { timeout: 20_000 });
  await world.hears();
  await world.isHeard();
  assert.equal(await world.page.evaluate(() => call.state), "active");
  assert.ok(!hungUp());
});

test("a page that is loaded again takes its call over", async () => {
  world.answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect({ resume: true });
  await world.talk();
  await world.page.evaluate(() => call.mute());
  const [first] = invites();
  await world.page.reload();
  await world.open({ resume: true });
  await world.page.evaluate(async () => {
    client.on("resumed", (call) => {
      window.call = call;
      ["reconnected", "ended"].forEach((event) => call.on(event, (info) => log.push({ event, ...info })));
    });
    await client.connect();
  });
  await world.page.waitForFunction(() => log.some(({ event }) => event === "reconnected"));
  const again = invites()[1];
  assert.equal(again.header("Call-ID"), first.header("Call-ID"));
  assert.match(again.header("To"), /;tag=gateway/);
  assert.ok(!hungUp());
  assert.deepEqual(await world.page.evaluate(() => [call.state, call.to, call.direction, call.isMuted, call.durationSeconds > 0]), ["active", "+254700000001", "outbound", true, true]);
  await world.page.evaluate(() => call.mute(false));
  await world.hears();
  await world.isHeard();
  assert.ok((await world.logged("reconnected")).gapMs > 0);
  await world.page.evaluate(() => call.hangup());
  const bye = await world.gateway.received(({ method }) => method === "BYE");
  assert.equal(bye.header("Call-ID"), first.header("Call-ID"));
});

test("a call that the server no longer knows is over for the page that comes back, too", async () => {
  world.answering((request, reply) => reply(481));
  await world.connect({ resume: true });
  await world.talk();
  await world.page.reload();
  await world.open({ resume: true });
  const reason = await world.page.evaluate(async () => {
    const ended = new Promise((resolve) => client.on("resumed", (call) => call.on("ended", ({ reason }) => resolve(reason))));
    await client.connect();
    return ended;
  });
  assert.equal(reason, "networkLost");
  assert.deepEqual(await world.page.evaluate(() => client.calls.length), 0);
  assert.equal(await world.openTracks(), 0);
});

test("headers of the page's own are sent, and others are refused", async () => {
  world.answering();
  await world.connect();
  await world.talk({ customHeaders: { "X-Customer": "Asha", "X-Order": "17" } });
  const [invite] = invites();
  assert.deepEqual([invite.header("X-Customer"), invite.header("X-Order")], ["Asha", "17"]);
  await world.page.evaluate(() => call.hangup());
  for (const customHeaders of [{ "X-A": "a\r\nVia: b" }, { Via: "x" }, { "X-Sautikit-From": "+254" }, { "X-A": 7 }]) {
    const text = await world.page.evaluate(async (customHeaders) => (await outcome(client.call("+254700000001", { customHeaders }))).text, customHeaders);
    assert.equal(text, "call.header_invalid", JSON.stringify(customHeaders));
  }
});
