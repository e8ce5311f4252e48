// A browser in a call whose process is killed: no BYE, no CANCEL, only a connection that is gone.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { answers } from "../sipp/carriers.js";
import { carrier } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";

/** How long a lost party may stay away (browser-calling.md, "Connections that drop"), and the audio of one that is gone. */
const AWAY_SECONDS = 30;
/** How long a BYE waits for a tab that may come back: timer F (RFC 3261 §17.1.2.2), and a busy machine. */
const BYE_WAITS_MS = 45_000;
/** Rounding up, and a busy machine. */
const SLACK_SECONDS = 4;

let server, workspace, calls, trunks;

before(async () => {
  const reserved = await reserveTrunks({ active: [{}], actpass: [{}], passive: [{}] });
  ({ trunks } = reserved);
  server = await startOperated(reserved.settings);
  workspace = await openWorkspace(server.url);
  calls = callsOf(workspace);
});

after(async () => {
  if (server) await isIdle(server, BYE_WAITS_MS);
  await server?.stop();
});

/** Calls `number` as a browser would that has this role in DTLS; resolves when the 200 is acknowledged. */
async function callFromTab(number, setup) {
  const { token, sip_uri: uri } = await workspace.token({ identity: "asha" });
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/sip?access_token=${token}`, ["sip"]);
  await once(socket, "open");
  const messages = [];
  socket.on("message", (bytes) => {
    const message = bytes.toString();
    messages.push(message);
    if (message.startsWith("BYE ")) socket.send(okTo(message));
  });
  const send = (method, target, to, more = [], body = "") => socket.send([`${method} ${target} SIP/2.0`,
    `Via: SIP/2.0/WS tab.invalid;branch=z9hG4bK${method}${setup}`, "Max-Forwards: 70", `From: <${uri}>;tag=tab`, `To: ${to}`,
    `Call-ID: tab-${setup}`, `CSeq: 1 ${method}`, "Contact: <sip:asha@tab.invalid;transport=ws>", ...more,
    `Content-Length: ${body.length}`, "", body].join("\r\n"));
  const target = `sip:${number}@127.0.0.1`;
  const fingerprint = Array(32).fill("1E").join(":");
  const offer = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0", `a=fingerprint:sha-256 ${fingerprint}`,
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 110", "c=IN IP4 127.0.0.1", `a=setup:${setup}`, "a=mid:0", "a=ice-ufrag:abcd",
    "a=ice-pwd:03c3e13fdfdb070a004fbed3f5fda4b5", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:110 telephone-event/48000", "a=sendrecv", ""].join("\r\n");
  send("INVITE", target, `<${target}>`, [`P-Preferred-Identity: <sip:${workspace.number}@127.0.0.1>`, "Content-Type: application/sdp"], offer);
  const ok = await eventually("the answer", () => messages.find((message) => message.startsWith("SIP/2.0 200 ")));
  send("ACK", /^Contact: <([^>]+)>/m.exec(ok)[1], /^To: (.*)\r$/m.exec(ok)[1]);
  const goodbye = () => eventually("the gateway's BYE", () => messages.some((message) => message.startsWith("BYE ")));
  return { socket, goodbye, answer: ok.split("\r\n\r\n")[1] };
}

/** The 200 to a request. */
const okTo = (request) => ["SIP/2.0 200 OK", ...request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line)),
  "Content-Length: 0", "", ""].join("\r\n");

test("setup:active is answered passive, and the call of a killed tab ends after half a minute, with the far side told", async () => {
  const { done } = await carrier(answers, trunks.active.port);
  const { socket, answer } = await callFromTab(trunks.active.number, "active");
  assert.match(answer, /a=setup:passive\r\n/);
  const [id] = await calls.ids();
  await calls.that(id, "answered");
  socket.terminate();
  // The carrier's scenario ends with the BYE that we send.
  await done;
  const call = await calls.billed(id);
  assert.equal(call.status, "completed");
  assert.ok(["connection_lost", "media.timeout"].includes(call.hangup_cause), call.hangup_cause);
  assert.ok(call.duration_seconds >= AWAY_SECONDS && call.duration_seconds <= AWAY_SECONDS + SLACK_SECONDS, `${call.duration_seconds} s`);
});

for (const offered of ["actpass", "passive"]) {
  test(`setup:${offered} is answered active`, async () => {
    const { done } = await carrier(answers, trunks[offered].port);
    const { socket, goodbye, answer } = await callFromTab(trunks[offered].number, offered);
    assert.match(answer, /a=setup:active\r\n/);
    const [id] = await calls.ids();
    await calls.that(id, "answered");
    await calls.hangUp(id);
    await done;
    await goodbye();
    socket.terminate();
    await calls.billed(id);
  });
}
