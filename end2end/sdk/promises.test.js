// Every promise of the SDK settles, with its own code and within seconds, whatever hangs or comes between.
import assert from "node:assert/strict";
import { incoming, sdkPages, test } from "./page.js";

const world = sdkPages();
/** Above the SDK's longest limit for a server that says nothing. */
const SOON_SECONDS = 12;

async function rejects(code, begin) {
  const { text, seconds } = await world.page.evaluate(begin);
  assert.equal(text, code);
  assert.ok(seconds < SOON_SECONDS, `${seconds} s`);
}

test("connect() rejects when the token endpoint hangs", async () => {
  world.gateway.tokenHangs = true;
  await world.open();
  await rejects("token.unreachable", () => outcome(client.connect()));
  assert.equal(await world.page.evaluate(() => client.state), "disconnected");
});

test("connect() rejects when the page's getToken hangs", async () => {
  await world.open();
  await rejects("token.unreachable", () => outcome(new sdk.SautikitClient({ getToken: () => new Promise(() => {}) }).connect()));
});

test("connect() rejects when the page's policy forbids the socket", async () => {
  world.gateway.headers = { "content-security-policy": "connect-src 'self' http:" };
  await world.page.reload();
  await world.open({ gateway: "ws://forbidden.example/sip" });
  await rejects("gateway.unreachable", () => outcome(client.connect()));
});

test("connect() rejects when the gateway never opens the socket, or never answers REGISTER", async () => {
  world.gateway.onRequest = () => {};
  await world.open();
  await rejects("registration.failed", () => outcome(client.connect()));
  world.gateway.upgradeHangs = true;
  await rejects("gateway.unreachable", () => outcome(client.connect()));
});

test("disconnect() takes back a connect() that is under way, and the client connects again", async () => {
  world.gateway.tokenHangs = true;
  await world.open();
  const outcomes = await world.page.evaluate(async () => {
    const first = outcome(client.connect());
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.disconnect();
    return first;
  });
  assert.equal(outcomes.text, "client.not_connected");
  assert.ok(outcomes.seconds < 2, `${outcomes.seconds} s`);
  world.gateway.tokenHangs = false;
  const texts = await world.page.evaluate(async () => {
    const [first, second] = [outcome(client.connect()), (client.disconnect(), outcome(client.connect()))];
    return [(await first).text, (await second).text, client.state];
  });
  assert.deepEqual(texts, ["client.not_connected", "resolved", "registered"]);
});

test("connect, disconnect, connect on one client ends registered, and rings", async () => {
  await world.connect();
  await world.page.evaluate(async () => {
    await client.disconnect();
    await client.connect();
    client.on("incoming", (call) => { window.call = call; });
  });
  assert.equal(await world.page.evaluate(() => client.state), "registered");
  incoming(world.gateway, "again").invite(await world.farEnd());
  await world.page.waitForFunction(() => window.call);
});

test("accept() rejects when the caller gives up meanwhile, at any moment", async () => {
  await world.connect();
  await world.page.evaluate(() => client.on("incoming", (call) => { note(call); window.accepted = outcome(call.accept()); }));
  const offer = await world.farEnd();
  for (const [index, wait] of [0, 10, 30, 60, 100, 200].entries()) {
    const call = incoming(world.gateway, `gives-up-${index}`);
    call.invite(offer);
    await new Promise((resolve) => setTimeout(resolve, wait));
    call.cancel();
    const { text, seconds } = await (await world.page.waitForFunction(() => window.accepted)).jsonValue();
    // A 200 that crossed the CANCEL is an answer.
    assert.ok(["call.wrong_state", "resolved"].includes(text), text);
    assert.ok(seconds < 2, `${seconds} s`);
    await world.page.evaluate(() => { window.accepted = undefined; client.calls.forEach((call) => call.hangup()); });
  }
  assert.equal(await world.openTracks(), 0);
});

test("a call can be hung up while the browser asks for the microphone, and no phone rings", async () => {
  await world.connect();
  const told = await world.page.evaluate(async () => {
    let answer;
    window.beforeMicrophone = () => new Promise((resolve) => { answer = resolve; });
    const placed = outcome(client.call("+254700000001"));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const [call] = client.calls;
    note(call);
    const seen = [call.state, call.to];
    call.hangup();
    const { text } = await placed;
    answer();
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { seen, text, left: client.calls.length };
  });
  assert.deepEqual(told, { seen: ["dialing", "+254700000001"], text: "call.canceled", left: 0 });
  assert.equal((await world.logged("ended")).reason, "canceled");
  assert.equal(await world.openTracks(), 0);
  assert.ok(!world.gateway.requests.some((request) => request.method === "INVITE"));
});

test("one call is placed at a time, and what is no destination is not dialled", async () => {
  world.gateway.onRequest = (request, reply) => reply(request.method === "INVITE" ? 180 : 200);
  await world.connect();
  const texts = await world.page.evaluate(async () => {
    const both = [outcome(client.call("+254700000001")), outcome(client.call("+254700000001"))];
    const texts = [];
    for (const one of both) texts.push((await one).text);
    for (const odd of [null, undefined, "", " ", 7, {}]) texts.push((await outcome(client.call(odd))).text);
    return texts;
  });
  assert.deepEqual(texts, ["resolved", "call.in_progress", ...Array(6).fill("call.destination_invalid")]);
  assert.equal(world.gateway.requests.filter((request) => request.method === "INVITE").length, 1);
  // The next one may go as soon as the first is on its way.
  await world.page.evaluate(() => client.call("+254700000002"));
});

test("nothing of this was left unhandled", async () => {
  await world.connect();
  await world.page.evaluate(async () => { await client.disconnect(); });
  assert.deepEqual(world.problems, []);
});
