// How long a call has lasted is the gateway's to say: a page counts from when it hears of the answer, and the record from the answer.
import assert from "node:assert/strict";
import { incoming, sdkPages, test } from "./page.js";

const world = sdkPages();
const LENGTH = "X-Sautikit-Duration";

/** Takes every call, and answers its BYE with `bye(reply)`. */
const answering = (bye) => {
  world.gateway.onRequest = async (request, reply) => {
    if (request.method === "INVITE") return reply(200, {}, await world.farEnd(request.body));
    return request.method === "BYE" ? bye(reply) : reply(200);
  };
};

const lengths = () => world.page.evaluate(() => [log.find(({ event }) => event === "ended")?.durationSeconds, call.durationSeconds]);

test("who hangs up is told the seconds of the answer to its BYE, in the event and in the call", async () => {
  answering((reply) => reply(200, { [LENGTH]: "61" }));
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => call.hangup());
  assert.deepEqual(await lengths(), [61, 61]);
  assert.deepEqual(world.problems, []);
});

test("who is hung up on is told the seconds of the BYE", async () => {
  answering((reply) => reply(200));
  await world.connect();
  await world.page.evaluate(() => client.on("incoming", (call) => { window.call = call; note(call); }));
  const caller = incoming(world.gateway, "counts");
  caller.invite(await world.farEnd());
  await world.page.waitForFunction(() => window.call);
  await world.page.evaluate(() => call.accept());
  const answer = await world.gateway.received(({ status, header }) => status === 200 && /INVITE/.test(header("CSeq")));
  caller.ack(answer.header("To"));
  caller.bye(answer.header("To"), [`${LENGTH}: 3600`]);
  const ended = await world.logged("ended");
  assert.deepEqual([ended.reason, ...await lengths()], ["remoteHangup", 3600, 3600]);
});

test("a gateway that says nothing in time is not waited for, and the microphone not at all", async () => {
  answering(() => {});
  await world.connect();
  await world.talk();
  const { state, tracks, calls } = await world.page.evaluate(() => {
    window.hanging = outcome(call.hangup());
    return { state: call.state, tracks: microphones.filter(({ readyState }) => readyState === "live").length, calls: client.calls.length };
  });
  assert.deepEqual([state, tracks, calls], ["ended", 0, 0]);
  const { text, seconds } = await world.page.evaluate(() => hanging);
  assert.equal(text, "resolved");
  assert.ok(seconds < 5, `${seconds} s`);
  const [told] = await lengths();
  assert.ok(told >= 1 && told < 30, `${told} s, as counted here`);
});

test("a client that disconnects in a call is told its seconds too, and may connect anew at once", async () => {
  answering((reply) => setTimeout(() => reply(200, { [LENGTH]: "42" }), 100));
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => client.disconnect());
  assert.deepEqual(await lengths(), [42, 42]);
  assert.equal(await world.page.evaluate(() => client.state), "disconnected");
  await world.page.evaluate(() => client.connect());
  await world.talk();
  await world.page.evaluate(async () => {
    log.length = 0;
    client.disconnect();
    await client.connect();
  });
  assert.equal((await world.logged("ended")).reason, "localHangup");
  assert.equal(await world.page.evaluate(() => client.state), "registered");
});
