// Hold: what goes over the wire, what either side hears, and what a refusal leaves.
import assert from "node:assert/strict";
import { incoming, sdkPages, test } from "./page.js";

const world = sdkPages();
const reinvites = () => world.gateway.requests.filter(({ method, header }) => method === "INVITE" && /;tag=/.test(header("To")));
const directionOf = ({ body }) => /a=(sendrecv|sendonly|recvonly|inactive)/.exec(body)?.[1];

test("a held call is silent both ways, and talks again", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  await world.isHeard();
  await world.page.evaluate(() => call.hold());
  assert.deepEqual(reinvites().map(directionOf), ["sendonly"]);
  assert.deepEqual(await world.page.evaluate(() => [call.isHeld, call.state, log.at(-1)]), [true, "active", { event: "held", held: true }]);
  // Packets go on, so that nobody takes the line for dead; there is nothing in them.
  const heldFor = await world.page.evaluate(async () => {
    const of = async () => [...(await far.getStats()).values()].find(({ type }) => type === "inbound-rtp");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = await of();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const after = await of();
    return { packets: after.packetsReceived - before.packetsReceived, energy: after.totalAudioEnergy - before.totalAudioEnergy };
  });
  assert.ok(heldFor.packets > 30, JSON.stringify(heldFor));
  assert.ok(heldFor.energy < 1e-4, JSON.stringify(heldFor));
  await world.page.evaluate(() => call.hold(false));
  assert.deepEqual(reinvites().map(directionOf), ["sendonly", "sendrecv"]);
  await world.isHeard();
  await world.hears();
  assert.deepEqual(world.problems, []);
});

test("a muted call that was on hold is still muted", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  await world.page.evaluate(async () => {
    call.mute();
    await call.hold();
    await call.hold(false);
  });
  assert.equal(await world.page.evaluate(() => microphones.some(({ enabled }) => enabled)), false);
  await world.page.evaluate(() => call.mute(false));
  await world.isHeard();
});

test("a hold that is refused leaves the call as it was", async () => {
  world.answering((request, reply) => reply(488));
  await world.connect();
  await world.talk();
  assert.equal(await world.page.evaluate(async () => (await outcome(call.hold())).text), "call.change_refused");
  assert.deepEqual(await world.page.evaluate(() => [call.isHeld, call.state]), [false, "active"]);
  await world.isHeard();
  await world.hears();
});

test("a hold that meets the other side's offer is tried again", async () => {
  let tries = 0;
  world.answering(async (request, reply) => {
    tries += 1;
    return tries === 1 ? reply(491) : reply(200, {}, await world.farAgain(request.body));
  });
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => call.hold());
  assert.equal(tries, 2);
  assert.equal(await world.page.evaluate(() => call.isHeld), true);
});

test("a call that rings is not held", async () => {
  world.gateway.onRequest = (request, reply) => reply(request.method === "INVITE" ? 180 : 200);
  await world.connect();
  const text = await world.page.evaluate(async () => (await outcome((await client.call("+254700000001")).hold())).text);
  assert.equal(text, "call.wrong_state");
});

test("a second caller waits, and taking that call holds the first", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  const first = await world.page.evaluateHandle(() => {
    window.first = far;
    window.told = new Promise((resolve) => client.on("incoming", resolve));
    return window.call;
  });
  const offer = await world.farEnd();
  world.gateway.onRequest = async (request, reply) => {
    if (request.method !== "INVITE") return reply(200);
    return reply(200, {}, await world.page.evaluate(async (sdp) => {
      await first.setRemoteDescription({ type: "offer", sdp });
      await first.setLocalDescription(await first.createAnswer());
      return first.localDescription.sdp;
    }, request.body));
  };
  const caller = incoming(world.gateway, "second");
  caller.invite(offer);
  assert.equal(await world.page.evaluate(async () => (await told).isWaiting), true);
  await world.page.evaluate(async () => {
    window.second = await told;
    await second.accept();
  });
  await world.page.waitForFunction((call) => call.isHeld, first);
  assert.deepEqual(reinvites().map(directionOf), ["sendonly"]);
  assert.deepEqual(await world.page.evaluate((call) => [call.state, second.state, second.isWaiting, client.calls.length], first), ["active", "active", false, 2]);
});

test("without call waiting a second caller hears that the line is busy", async () => {
  world.answering();
  await world.connect({ callWaiting: false });
  await world.talk();
  await world.page.evaluate(() => client.on("incoming", () => log.push({ event: "incoming" })));
  incoming(world.gateway, "turned-away").invite(await world.farEnd());
  await world.gateway.received(({ status }) => status === 486);
  assert.equal(await world.page.evaluate(() => log.some(({ event }) => event === "incoming")), false);
});
