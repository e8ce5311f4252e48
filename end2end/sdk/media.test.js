// What the browser's audio asks of the SDK: descriptions in order, tones queued, microphones given back.
import assert from "node:assert/strict";
import { incoming, sdkPages, test } from "./page.js";

const world = sdkPages();

/** Answers INVITE as `answer` says; everything else with 200. */
const answering = (answer) => { world.gateway.onRequest = (request, reply) => (request.method === "INVITE" ? answer(request, reply) : reply(200)); };

const callAndNote = () => world.page.evaluate(async () => { window.call = await client.call("+254700000001"); note(call); });

const hears = () => world.page.evaluate(async () => {
  const heard = (stats) => [...stats.values()].some((report) => report.type === "inbound-rtp" && report.packetsReceived > 0);
  while (!heard(await call.getStats())) await new Promise((resolve) => setTimeout(resolve, 50));
});

test("183 and 200 in one burst make one answered call", async () => {
  answering(async (request, reply) => {
    const sdp = await world.farEnd(request.body);
    reply(183, {}, sdp);
    reply(183, {}, sdp);
    reply(200, {}, sdp);
  });
  await world.connect();
  await callAndNote();
  await world.logged("answered");
  await hears();
  assert.equal(await world.page.evaluate(() => call.state), "active");
  assert.ok(!world.gateway.requests.some(({ method }) => method === "BYE"));
});

test("an offer on a narrow line asks for few and small packets", async () => {
  const offers = [];
  answering(async (request, reply) => {
    offers.push(request.body);
    reply(486);
  });
  await world.connect();
  for (const downlink of [10, 0.1]) {
    await world.page.evaluate(async (downlink) => {
      Object.defineProperty(navigator, "connection", { value: Object.assign(new EventTarget(), { downlink }), configurable: true });
      const call = await client.call("+254700000001");
      if (call.state !== "ended") await new Promise((resolve) => call.on("ended", resolve));
    }, downlink);
  }
  const [usual, narrow] = offers;
  assert.match(usual, /maxaveragebitrate=24000\r\n/);
  assert.doesNotMatch(usual, /a=ptime:/);
  assert.match(narrow, /maxaveragebitrate=12000\r\na=ptime:60\r\n/);
});

test("early media is heard before the answer, and a 200 without a description keeps it", async () => {
  let answer;
  answering(async (request, reply) => {
    reply(183, {}, await world.farEnd(request.body));
    answer = () => reply(200);
  });
  await world.connect();
  await callAndNote();
  await hears();
  assert.equal(await world.page.evaluate(() => call.state), "ringing");
  answer();
  await world.logged("answered");
});

test("the 200's description wins over the 183's", async () => {
  answering(async (request, reply) => {
    const sdp = await world.farEnd(request.body);
    reply(183, {}, sdp);
    // The announcement is over; from here on we are only listened to.
    reply(200, {}, sdp.replace("a=sendrecv", "a=recvonly"));
  });
  await world.page.evaluate(() => {
    const Real = RTCPeerConnection;
    window.RTCPeerConnection = function (...given) { return (window.ours = new Real(...given)); };
    window.farPeer = (...given) => new Real(...given);
  });
  await world.connect();
  await callAndNote();
  await world.logged("answered");
  assert.equal(await world.page.evaluate(() => ours.getTransceivers()[0].currentDirection), "sendonly");
});

test("a 200 that cannot be used ends the call as failed", async () => {
  answering((request, reply) => reply(200, {}, "v=0\r\nthis is no description\r\n"));
  await world.connect();
  await callAndNote();
  const ended = await world.logged("ended");
  assert.deepEqual([ended.reason, ended.code], ["failed", 488]);
  await world.gateway.received(({ method }) => method === "BYE");
});

test("tones wait for each other, and each promise settles when its own have gone", async () => {
  answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
  await callAndNote();
  await world.logged("answered");
  await world.page.waitForFunction(() => far.connectionState === "connected");
  const order = await world.page.evaluate(async () => {
    const insert = RTCDTMFSender.prototype.insertDTMF;
    const tones = [];
    RTCDTMFSender.prototype.insertDTMF = function (...given) {
      if (!this.watched) this.addEventListener("tonechange", ({ tone }) => tones.push(tone));
      this.watched = true;
      return insert.apply(this, given);
    };
    const done = [];
    const sent = ["12", "34", "5#"].map((digits) => call.sendDtmf(digits).then(() => done.push(`${digits} after ${tones.filter(Boolean).length}`)));
    await Promise.all(sent);
    return { tones: tones.filter(Boolean).join(""), done };
  });
  assert.equal(order.tones, "12345#");
  assert.deepEqual(order.done.map((text) => text.split(" ")[0]), ["12", "34", "5#"]);
  // Nobody was told before their last tone had begun.
  order.done.forEach((text, index) => assert.ok(Number(text.split(" ").at(-1)) >= 2 * (index + 1), text));
  const left = await world.page.evaluate(async () => {
    const waiting = outcome(call.sendDtmf("1234567890"));
    call.sendDtmf("99");
    await call.hangup();
    return (await waiting).text;
  });
  assert.equal(left, "call.wrong_state");
  assert.deepEqual(world.problems, []);
});

test("the microphone is off as soon as a call is over, however it ended", async () => {
  const ends = {
    "our hang-up": () => world.page.evaluate(() => call.hangup()),
    "our disconnect": () => world.page.evaluate(() => client.disconnect()),
  };
  for (const [how, end] of Object.entries(ends)) {
    answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
    await world.connect();
    await callAndNote();
    await world.logged("answered");
    assert.ok((await world.openTracks()) > 0);
    await end();
    assert.equal(await world.openTracks(), 0, how);
  }
  // Refused, and given up while it rings.
  answering((request, reply) => reply(486));
  await world.connect();
  await callAndNote();
  await world.logged("ended");
  assert.equal(await world.openTracks(), 0);
  answering((request, reply) => reply(180));
  await callAndNote();
  await world.page.evaluate(() => call.hangup());
  assert.equal(await world.openTracks(), 0);
});

test("a page that is left says so: CANCEL, BYE, or 480 for what rings here", async () => {
  answering((request, reply) => reply(180));
  await world.connect();
  await callAndNote();
  await world.logged("ringing");
  await world.page.reload();
  await world.gateway.received(({ method }) => method === "CANCEL");

  answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
  await callAndNote();
  await world.logged("answered");
  await world.page.goto("about:blank");
  await world.gateway.received(({ method }) => method === "BYE");

  await world.page.goto(world.gateway.url);
  await world.connect();
  await world.page.evaluate(() => client.on("incoming", (call) => { window.call = call; }));
  incoming(world.gateway, "rings").invite(await world.farEnd());
  await world.page.waitForFunction(() => window.call);
  await world.page.close();
  await world.gateway.received(({ status }) => status === 480);
});

test("a call's seconds are those that have begun", async () => {
  answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
  await callAndNote();
  await world.logged("answered");
  await world.page.evaluate(() => call.hangup());
  assert.equal((await world.logged("ended")).durationSeconds, 1);
});
