// What a carrier offers and what it is answered, seen from the carrier's socket.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { startSpeaker } from "../support/speaker.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { HOST } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const CODECS = ["PCMA", "PCMU", "G722", "opus"];
const MAX_CALLS = 2;

let server, workspace, callback, trunks, settings;

before(async () => {
  ({ trunks, settings } = await reserveTrunks({ carrier: [{ codecs: CODECS, max_calls: MAX_CALLS }] }));
  server = await startOperated(settings);
  workspace = await openWorkspace(server.url);
  callback = await startSpeaker(workspace);
});

after(async () => {
  callback?.close();
  if (server) await isIdle(server);
  await server?.stop();
});

let made = 0;

/** Opens the trunk's socket. `invite` resolves with the final answer to an offer of these lines, acknowledged. */
async function openTrunk() {
  const [host, port] = server.sip.split(":");
  const here = `${HOST}:${trunks.carrier.port}`;
  const socket = createSocket("udp4").bind(trunks.carrier.port, HOST);
  await once(socket, "listening");
  const messages = [];
  socket.on("message", (bytes) => messages.push(bytes.toString()));
  const send = (call, method, number, body = "") => socket.send([
    `${method} ${call.target} SIP/2.0`, `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${call.id}${method === "ACK" && call.failed ? "INVITE" : method};rport`,
    "Max-Forwards: 70", `From: <sip:+254722000077@${here}>;tag=${call.id}`, `To: ${call.to}`, `Call-ID: ${call.id}`,
    `CSeq: ${number} ${method}`, `Contact: <sip:carrier@${here}>`, ...(body ? ["Content-Type: application/sdp"] : []),
    `Content-Length: ${body.length}`, "", body].join("\r\n"), Number(port), host);
  const answered = (call, method) => eventually(`an answer to ${method}`, () => messages.find((message) =>
    /^SIP\/2\.0 [2-6]/.test(message) && message.includes(`Call-ID: ${call.id}\r\n`) && message.includes(` ${method}\r\n`)));
  return {
    async invite(lines) {
      const target = `sip:${workspace.number}@${server.sip}`;
      const call = { id: `offer${made++}`, target, to: `<${target}>` };
      send(call, "INVITE", 1, ["v=0", `o=- 1 1 IN IP4 ${HOST}`, "s=-", `c=IN IP4 ${HOST}`, "t=0 0", ...lines, ""].join("\r\n"));
      const text = await answered(call, "INVITE");
      call.status = Number(/^SIP\/2\.0 (\d+)/.exec(text)[1]);
      call.failed = call.status >= 300;
      call.to = /^To: (.*)\r$/m.exec(text)[1];
      call.target = /^Contact: <([^>]+)>/m.exec(text)?.[1] ?? target;
      call.sdp = text.split("\r\n\r\n")[1];
      send(call, "ACK", 1);
      return call;
    },
    async hangUp(call) {
      send(call, "BYE", 2);
      assert.match(await answered(call, "BYE"), /^SIP\/2\.0 200/);
    },
    close: () => socket.close(),
  };
}

for (const [codec, lines, answer] of [
  ["Opus", ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"], /m=audio \d+ RTP\/AVP 96\r\n[^]*a=rtpmap:96 opus\/48000\/2/i],
  ["G.722", ["m=audio 4000 RTP/AVP 9", "a=rtpmap:9 G722/8000"], /m=audio \d+ RTP\/AVP 9\r\n[^]*a=rtpmap:9 G722\/8000/i],
  ["G.722 without a map", ["m=audio 4000 RTP/AVP 9"], /m=audio \d+ RTP\/AVP 9\r\n/],
]) {
  test(`a trunk that offers ${codec} only is answered in it`, async () => {
    const trunk = await openTrunk();
    try {
      const call = await trunk.invite(lines);
      assert.equal(call.status, 200);
      assert.match(call.sdp, answer);
      await trunk.hangUp(call);
    } finally {
      trunk.close();
    }
    await isIdle(server);
  });
}

test("what a trunk may not speak is refused with 488", async () => {
  const trunk = await openTrunk();
  try {
    assert.equal((await trunk.invite(["m=audio 4000 RTP/AVP 18", "a=rtpmap:18 G729/8000"])).status, 488);
  } finally {
    trunk.close();
  }
});

test("a trunk's calls beyond its limit are refused with 503, and there is room again after one has ended", async () => {
  const trunk = await openTrunk();
  const lines = ["m=audio 4000 RTP/AVP 8"];
  try {
    const calls = [];
    for (let index = 0; index < MAX_CALLS; index += 1) calls.push(await trunk.invite(lines));
    assert.deepEqual(calls.map(({ status }) => status), [200, 200]);
    assert.equal((await trunk.invite(lines)).status, 503);
    await trunk.hangUp(calls.pop());
    await eventually("room", async () => (await server.metrics()).calls === MAX_CALLS - 1);
    calls.push(await trunk.invite(lines));
    assert.equal(calls.at(-1).status, 200);
    for (const call of calls) await trunk.hangUp(call);
  } finally {
    trunk.close();
  }
});
