// Blind transfer: what is asked of the gateway, and what its NOTIFYs mean for the call.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();

/** Talks, and hands the call to `to`; REFER is answered with `status`. */
async function transferred(to, status) {
  world.answering();
  const answer = world.gateway.onRequest;
  world.gateway.onRequest = (request, reply) => (request.method === "REFER" ? reply(status) : answer(request, reply));
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => call.on("transfer", (progress) => log.push({ event: "transfer", ...progress })));
  return world.page.evaluate(async (to) => (await outcome(call.transfer(to))).text, to);
}

/** What the gateway tells of it. */
function notify(number, line) {
  const invite = world.gateway.requests.find(({ method }) => method === "INVITE");
  const body = `${line}\r\n`;
  world.gateway.send([`NOTIFY sip:browser.invalid SIP/2.0`, `Via: SIP/2.0/WS gateway.invalid;branch=z9hG4bKnotify${number}`, "Max-Forwards: 70",
    `From: ${invite.header("To")};tag=gateway`, `To: ${invite.header("From")}`, `Call-ID: ${invite.header("Call-ID")}`, `CSeq: ${number} NOTIFY`,
    "Contact: <sip:gateway.invalid;transport=ws>", "Event: refer", "Subscription-State: active;expires=60",
    "Content-Type: message/sipfrag;version=2.0", `Content-Length: ${body.length}`, "", body].join("\r\n"));
}

const told = (state) => world.page.waitForFunction((state) => log.some((entry) => entry.event === "transfer" && entry.state === state), state);

test("a call is handed over, and ends here when the others talk", async () => {
  assert.equal(await transferred("+254 722 000 042", 202), "resolved");
  const refer = world.gateway.requests.find(({ method }) => method === "REFER");
  assert.equal(refer.header("Refer-To"), "<sip:+254722000042@127.0.0.1>");
  notify(1, "SIP/2.0 100 Trying");
  await told("trying");
  notify(2, "SIP/2.0 180 Ringing");
  await told("ringing");
  assert.equal(await world.page.evaluate(() => call.state), "active");
  notify(3, "SIP/2.0 200 OK");
  await told("done");
  assert.equal((await world.logged("ended")).reason, "localHangup");
  await world.gateway.received(({ method }) => method === "BYE");
});

test("of two transfers at once the second is refused, and both promises settle", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  const texts = await world.page.evaluate(async () => (await Promise.all(["bob", "carol"].map((to) => outcome(call.transfer(to))))).map(({ text }) => text));
  assert.deepEqual(texts, ["resolved", "call.wrong_state"]);
  assert.equal(world.gateway.requests.filter(({ method }) => method === "REFER").length, 1);
});

test("a transfer that fails leaves the call with us", async () => {
  assert.equal(await transferred("bob", 202), "resolved");
  notify(1, "SIP/2.0 486 Busy Here");
  await told("failed");
  assert.equal(await world.page.evaluate(() => log.at(-1).code), 486);
  await world.isHeard();
  await world.hears();
});

test("a call is handed to whom another call is with, which the gateway is told by its dialog", async () => {
  assert.equal(await transferred("bob", 403), "call.change_refused");
  const answer = world.gateway.onRequest;
  world.gateway.onRequest = (request, reply) => (request.method === "REFER" ? reply(202) : answer(request, reply));
  const told = await world.page.evaluate(async () => {
    const other = await client.call("+254700000002");
    const early = (await outcome(call.transfer(other))).text;
    await new Promise((resolve) => other.on("answered", resolve));
    const { text } = await outcome(call.transfer(other));
    await other.hangup();
    return { early, text, over: (await outcome(call.transfer(other))).text };
  });
  assert.equal(told.text, "resolved");
  // One that rings has no dialog, and one that is over is no call.
  assert.deepEqual([told.early, told.over], ["call.destination_invalid", "call.destination_invalid"]);
  const [, second] = world.gateway.requests.filter(({ method, header }) => method === "INVITE" && !/;tag=/.test(header("To")));
  const refer = world.gateway.requests.findLast(({ method }) => method === "REFER");
  const tag = /;tag=(\w+)/.exec(second.header("From"))[1];
  assert.match(refer.header("Refer-To"), new RegExp(`\\?Replaces=${second.header("Call-ID")}%3Bto-tag%3Dgateway%3Bfrom-tag%3D${tag}>$`));
});

test("a transfer that the gateway refuses is an error, and the call goes on", async () => {
  assert.equal(await transferred("bob", 403), "call.change_refused");
  await world.isHeard();
  const text = await world.page.evaluate(async () => (await outcome(call.transfer("a@b;c"))).text);
  assert.equal(text, "call.destination_invalid");
});
