// The built package in a real browser against a small gateway: registration, both directions, audio, and what goes wrong.
// SDK_DIST names the folder that `xtask sdk` wrote.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { startGateway } from "./gateway.js";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required"];

let browser, gateway, page, answerOffer;

before(async () => { browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS }); });
after(() => browser?.close());

beforeEach(async () => {
  gateway = await startGateway(process.env.SDK_DIST);
  const context = await browser.newContext();
  page = await context.newPage();
  page.on("pageerror", (error) => console.error("page:", error));
  await page.goto(gateway.url);
  // The other end's audio: the page's own second peer connection.
  answerOffer = (sdp) => page.evaluate(async (sdp) => {
    const peer = (window.far = new RTCPeerConnection());
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    stream.getTracks().forEach((track) => peer.addTrack(track, stream));
    const gathered = () => new Promise((resolve) => {
      const look = () => peer.iceGatheringState === "complete" && resolve(peer.localDescription.sdp);
      peer.onicegatheringstatechange = look;
      look();
    });
    if (sdp) {
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription(await peer.createAnswer());
    } else {
      await peer.setLocalDescription(await peer.createOffer());
    }
    return gathered();
  }, sdp);
});

afterEach(async () => {
  await page.context().close();
  gateway.close();
});

// Connects and keeps client and SDK on window.
const connect = () => page.evaluate(async () => {
  window.sdk = await import("/index.esm.js");
  window.client = new sdk.SautikitClient({ tokenUrl: "/api/sip-token" });
  await client.connect();
  window.log = [];
  window.note = (call) => ["ringing", "answered", "failed", "ended"].forEach((event) => call.on(event, (info) => log.push(info ? { event, ...info } : { event })));
});

const logged = (event) => page.waitForFunction((event) => log.find((entry) => entry.event === event), event).then((handle) => handle.jsonValue());

test("registers with the token alone, and the address carries the workspace", async () => {
  await connect();
  const register = gateway.requests[0];
  assert.equal(register.method, "REGISTER");
  assert.match(register.header("Authorization"), /^Bearer /);
  assert.match(register.header("To"), /<sip:asha--0190aaaa000070008000000000000001@127\.0\.0\.1>/);
  assert.match(register.header("Contact"), /\+sip\.instance/);
  assert.equal(await page.evaluate(() => client.state), "registered");
});

test("an outbound call rings, is answered with audio both ways, takes digits, and ends", async () => {
  gateway.onRequest = async (request, reply) => {
    if (request.method !== "INVITE") return reply(200);
    reply(180, { "X-Sautikit-Call-Id": "HD_1" });
    reply(200, {}, await answerOffer(request.body));
  };
  await connect();
  await page.evaluate(async () => {
    window.call = await client.call("+254 700 000001", { from: "+254700000002" });
    note(call);
  });
  await logged("answered");
  const invite = gateway.requests.find((request) => request.method === "INVITE");
  assert.equal(invite.uri, "sip:+254700000001@127.0.0.1");
  assert.equal(invite.header("P-Preferred-Identity"), "<sip:+254700000002@127.0.0.1>");
  assert.match(invite.header("Authorization"), /^Bearer /);
  assert.match(invite.body, /m=audio \d+ UDP\/TLS\/RTP\/SAVPF 111 0 8 /);
  assert.match(invite.body, /a=ice-ufrag:/);
  assert.equal(await page.evaluate(() => call.callId), "HD_1");
  // Audio is heard: energy grows on the receiving side.
  await page.evaluate(async () => {
    const heard = (stats) => [...stats.values()].some((report) => report.type === "inbound-rtp" && report.totalAudioEnergy > 0);
    while (!heard(await call.getStats())) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  await page.evaluate(() => { call.sendDtmf("12#"); call.mute(true); });
  await page.evaluate(() => call.hangup());
  const ended = await logged("ended");
  assert.equal(ended.reason, "localHangup");
  assert.equal(ended.code, 200);
  await gateway.received((request) => request.method === "BYE");
  assert.deepEqual(await page.evaluate(() => log.map((entry) => entry.event)), ["ringing", "answered", "ended"]);
  assert.equal(await page.evaluate(() => document.querySelectorAll("audio").length), 0);
  assert.equal(await page.evaluate(() => client.calls.length), 0);
});

test("a refusal for money says so", async () => {
  gateway.onRequest = (request, reply) => reply(request.method === "INVITE" ? 402 : 200, { "X-Sautikit-Error": "wallet.insufficient_balance" });
  await connect();
  await page.evaluate(async () => note(await client.call("+254700000001")));
  const ended = await logged("ended");
  assert.deepEqual([ended.reason, ended.code, ended.error], ["insufficientFunds", 402, "wallet.insufficient_balance"]);
  assert.equal(await page.evaluate(() => log[0].event), "failed");
});

test("an incoming call is accepted and ended by the other side", async () => {
  await connect();
  await page.evaluate(() => client.on("incoming", (call) => { window.call = call; note(call); }));
  const offer = await answerOffer(undefined);
  const headers = (method, number, to) => [`${method} sip:browser.invalid SIP/2.0`, `Via: SIP/2.0/WS gateway.invalid;branch=z9hG4bK${method}`,
    "Max-Forwards: 70", "From: <sip:+254711000001@gateway.invalid>;tag=far", `To: ${to}`, "Call-ID: incoming-1", `CSeq: ${number} ${method}`, "Contact: <sip:gateway.invalid;transport=ws>"];
  gateway.send([...headers("INVITE", 1, "<sip:asha@gateway.invalid>"), "Content-Type: application/sdp", `Content-Length: ${Buffer.byteLength(offer)}`, "", offer].join("\r\n"));
  await page.waitForFunction(() => window.call);
  assert.equal(await page.evaluate(() => call.from), "+254711000001");
  await gateway.received((message) => message.status === 180);
  await page.evaluate(() => call.accept());
  const answer = await gateway.received((message) => message.status === 200);
  const to = answer.header("To");
  gateway.send([...headers("ACK", 1, to), "Content-Length: 0", "", ""].join("\r\n"));
  await page.evaluate((sdp) => far.setRemoteDescription({ type: "answer", sdp }), answer.body);
  await page.waitForFunction(() => far.connectionState === "connected");
  gateway.send([...headers("BYE", 2, to), "Content-Length: 0", "", ""].join("\r\n"));
  const ended = await logged("ended");
  assert.equal(ended.reason, "remoteHangup");
});

test("an incoming call is rejected as busy", async () => {
  await connect();
  await page.evaluate(() => client.on("incoming", (call) => { note(call); call.reject({ reason: "busy" }); }));
  const offer = await answerOffer(undefined);
  gateway.send(["INVITE sip:browser.invalid SIP/2.0", "Via: SIP/2.0/WS gateway.invalid;branch=z9hG4bKi", "Max-Forwards: 70", "From: <sip:a@gateway.invalid>;tag=far",
    "To: <sip:asha@gateway.invalid>", "Call-ID: incoming-2", "CSeq: 1 INVITE", "Contact: <sip:gateway.invalid>", "Content-Type: application/sdp", `Content-Length: ${Buffer.byteLength(offer)}`, "", offer].join("\r\n"));
  await gateway.received((message) => message.status === 486);
  assert.equal((await logged("ended")).reason, "rejected");
});

test("a token endpoint that wants GET is asked with GET", async () => {
  gateway.getOnly = true;
  await connect();
  assert.deepEqual(gateway.tokenRequests, ["POST", "GET"]);
});

test("refusals are typed errors with a remedy", async () => {
  const failure = () => connect().then(() => "connected", () => page.evaluate(() => client.connect().catch((error) => ({ name: error.name, code: error.code, remedy: error.remedy, typed: error instanceof sdk.SautikitError }))));
  gateway.tokenStatus = 403;
  const token = await failure();
  assert.equal(token.code, "token.refused");
  assert.ok(token.typed && token.remedy && token.name === "SautikitError");
  gateway.tokenStatus = 200;
  gateway.onRequest = (request, reply) => reply(401);
  assert.equal((await failure()).code, "registration.token_refused");
  gateway.sockets.close();
  gateway.sockets.clients.forEach((client) => client.terminate());
});

test("a refused microphone rings nobody's phone", async () => {
  await connect();
  const error = await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    return client.call("+254700000001").catch((error) => ({ code: error.code, message: error.message }));
  });
  assert.equal(error.code, "microphone.denied");
  assert.ok(!gateway.requests.some((request) => request.method === "INVITE"));
});

test("a lost connection comes back by itself", async () => {
  await connect();
  await page.evaluate(() => { window.back = new Promise((resolve) => client.on("reconnected", resolve)); });
  gateway.socket.terminate();
  await page.evaluate(() => back);
  assert.equal(await page.evaluate(() => client.state), "registered");
  assert.equal(gateway.requests.filter((request) => request.method === "REGISTER").length, 2);
});
