// Tokens: lifetimes come from the answer and never from the page's clock, and no answer makes the endpoint be asked in a loop.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();
const SECOND = 1000;

/** Moves the page's wall clock; `performance.now()` stays. */
const shiftClock = (seconds) => world.page.evaluate((ms) => {
  const real = Date.now.bind(Date);
  Date.now = () => real() + ms;
}, seconds * SECOND);

for (const [what, seconds] of [["ahead by an hour", 3600], ["ahead by the token's life", 300], ["behind by an hour", -3600]]) {
  test(`a clock ${what} asks for one token, and calls with it`, async () => {
    world.gateway.onRequest = (request, reply) => reply(request.method === "INVITE" ? 486 : 200);
    await shiftClock(seconds);
    await world.connect();
    await world.page.evaluate(async () => {
      note(await client.call("+254700000001"));
      await new Promise((resolve) => setTimeout(resolve, 3000));
    });
    assert.equal(world.gateway.tokenRequests.length, 1);
  });
}

test("an endpoint whose tokens are dead on arrival is not asked in a loop", async () => {
  world.gateway.tokenLife = -10;
  await world.connect();
  await new Promise((resolve) => setTimeout(resolve, 4 * SECOND));
  assert.ok(world.gateway.tokenRequests.length <= 2, `${world.gateway.tokenRequests.length} requests`);
});

test("a registration that is lost is told, and comes back with a fresh token", async () => {
  world.gateway.expires = 4;
  await world.connect();
  // The user agent refreshes at half time; from now on the token is no good, and there is no other for a while.
  world.gateway.onRequest = (request, reply) => reply(401);
  world.gateway.tokenStatus = 500;
  await world.page.waitForFunction(() => heard.includes("unregistered"));
  assert.equal(await world.page.evaluate(() => client.state), "reconnecting");
  await world.page.waitForFunction(() => heard.filter((event) => event === "error").length > 1);
  world.gateway.tokenStatus = 200;
  world.gateway.expires = 300;
  world.gateway.onRequest = (request, reply) => reply(200);
  await world.page.waitForFunction(() => client.state === "registered");
  assert.deepEqual(await world.page.evaluate(() => heard.filter((event) => event !== "error")), ["registered", "unregistered", "registered"]);
});

test("a refresh that nobody answers is told when the binding ends", async () => {
  world.gateway.expires = 6;
  await world.connect();
  world.gateway.onRequest = () => {};
  world.gateway.tokenHangs = true;
  await world.page.waitForFunction(() => heard.includes("unregistered"), undefined, { timeout: 10 * SECOND });
  assert.deepEqual(world.problems, []);
});

test("a token that may not be called connects all the same, and calls", async () => {
  world.gateway.permissions = { outbound: true, inbound: false };
  world.answering();
  const answer = world.gateway.onRequest;
  world.gateway.onRequest = (request, reply) => (request.method === "REGISTER" ? reply(403) : answer(request, reply));
  await world.connect();
  assert.equal(await world.page.evaluate(() => client.state), "registered");
  await world.talk();
  await world.isHeard();
  assert.deepEqual(await world.page.evaluate(() => heard), ["registered"]);
});
