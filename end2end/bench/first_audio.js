// From a browser's INVITE to the first sound at both ends: `node bench/first_audio.js [CALLS] [STACK] [ANSWER_AFTER_MS]`,
// environment as for the tests; STACK is sdk, jssip or sipjs.
//
// The callee is a carrier of this script's own (one UDP socket for SIP, one for RTP) that answers at once, so that what is
// measured is ours: signalling, bridging, ICE, DTLS and the first packet. With ANSWER_AFTER_MS it answers that much later,
// and the sound counts from its answer. Times are taken in one process for the callee and in the page for the browser; both
// clocks are the machine's.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { cpus } from "node:os";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

const [calls, stack, answerAfter] = [Number(process.argv[2] ?? 20), process.argv[3] ?? "sdk", Number(process.argv[4] ?? 0)];
/** Longer than any call takes to be heard; then the run ends and says what was seen. */
const PATIENCE_MS = 20_000 + answerAfter;
const now = () => performance.timeOrigin + performance.now();

const udp = async () => {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
};

/** Answers every INVITE with A-law and sends a packet every 20 ms from then on. `answeredAt` is when it did, `firstHeard` when RTP first arrived. */
async function startCarrier() {
  const [sip, rtp] = await Promise.all([udp(), udp()]);
  const carrier = { port: sip.address().port, firstHeard: undefined };
  let pace;
  rtp.on("message", () => { carrier.firstHeard ??= now(); });
  sip.on("message", (bytes, from) => {
    const text = bytes.toString();
    const [head, body] = text.split("\r\n\r\n");
    const [start, ...lines] = head.split("\r\n");
    const method = start.split(" ")[0];
    const header = (name) => lines.filter((line) => line.toLowerCase().startsWith(`${name}:`));
    const reply = (status, sdp = "") => {
      const to = header("to")[0] + (header("to")[0].includes(";tag=") ? "" : ";tag=carrier");
      const type = sdp ? ["Content-Type: application/sdp"] : [];
      const answer = [`SIP/2.0 ${status}`, ...header("via"), ...header("from"), to, ...header("call-id"), ...header("cseq"),
        `Contact: <sip:carrier@127.0.0.1:${carrier.port}>`, ...type, `Content-Length: ${sdp.length}`, "", sdp];
      sip.send(answer.join("\r\n"), from.port, from.address);
    };
    if (method === "BYE") {
      clearInterval(pace);
      reply("200 OK");
    } else if (method === "INVITE") {
      reply("100 Trying");
      setTimeout(() => answer(body, reply), answerAfter);
    }
  });
  function answer(body, reply) {
    const peer = Number(/m=audio (\d+)/.exec(body)[1]);
    const { port } = rtp.address();
    reply("200 OK", `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`);
    let sequence = 0;
    clearInterval(pace);
    const speak = () => {
      // A loud square wave of 1 kHz.
      const packet = Buffer.alloc(172, Buffer.from([0xa5, 0xa5, 0xa5, 0xa5, 0x25, 0x25, 0x25, 0x25]));
      packet.writeUInt16BE(0x8008, 0);
      packet.writeUInt16BE(sequence & 0xffff, 2);
      packet.writeUInt32BE((sequence * 160) >>> 0, 4);
      packet.writeUInt32BE(7, 8);
      sequence += 1;
      rtp.send(packet, peer, "127.0.0.1");
    };
    speak();
    pace = setInterval(speak, 20);
    carrier.answeredAt = now();
  }
  carrier.stop = () => {
    clearInterval(pace);
    sip.close();
    rtp.close();
  };
  return carrier;
}

const carrier = await startCarrier();
const server = await startServer(`sandbox.enabled = true

[[trunk]]
name = "bench"
address = "127.0.0.1:${carrier.port}"
prefixes = ["+254"]
sources = ["127.0.0.1/32"]
priority = 1`);
const browser = await launchBrowser();
const workspace = await openWorkspace(server.url);
const customer = await startCustomer(workspace);

const figures = { "INVITE → ICE": [], "INVITE → DTLS": [], "first audio, browser": [], "first audio, callee": [] };
for (let turn = 0; turn < calls; turn += 1) {
  const account = { server: server.url, from: workspace.number, ...(await workspace.token()) };
  const phone = await openPhone(browser, { customer, stack, account });
  carrier.firstHeard = undefined;
  const times = await phone.page.evaluate(async (patience) => {
    // When the INVITE leaves and when the first sound comes out of the received track. A frame alone is no sound: while it
    // waits a browser hears silence from us.
    const send = WebSocket.prototype.send;
    const times = {};
    const context = new AudioContext();
    const ear = `registerProcessor("ear", class extends AudioWorkletProcessor {
      process([channels]) {
        if (!channels.some((samples) => samples.some((sample) => Math.abs(sample) > 0.05))) return true;
        this.port.postMessage("heard");
        return false;
      }
    })`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([ear], { type: "text/javascript" })));
    const listen = (track) => {
      const node = new AudioWorkletNode(context, "ear", { numberOfOutputs: 0 });
      node.port.onmessage = () => { times.heardAt ??= at(); };
      context.createMediaStreamSource(new MediaStream([track])).connect(node);
    };
    const at = () => performance.timeOrigin + performance.now();
    window.RTCPeerConnection = class extends window.RTCPeerConnection {
      constructor(...settings) {
        super(...settings);
        this.addEventListener("track", ({ track }) => listen(track), { once: true });
        this.addEventListener("iceconnectionstatechange", () => {
          if (["connected", "completed"].includes(this.iceConnectionState)) times.ice ??= at();
        });
        this.addEventListener("connectionstatechange", () => {
          if (this.connectionState === "connected") times.dtls ??= at();
        });
      }
    };
    WebSocket.prototype.send = function (data) {
      const text = typeof data === "string" ? data : new TextDecoder().decode(data);
      if (text.startsWith("INVITE")) times.invited ??= at();
      return send.call(this, data);
    };
    let failure;
    Promise.resolve(window.phone.call("+254722000042")).catch((error) => { failure = String(error); });
    const until = at() + patience;
    while (at() < until && !failure) {
      // The page may hear of its connection only after the sound.
      if (times.invited && times.heardAt && times.ice && times.dtls) return times;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return { ...times, failure: failure ?? "no sound or no connection came", log: window.phone.log };
  }, PATIENCE_MS);
  const deadline = now() + PATIENCE_MS;
  while (!carrier.firstHeard && now() < deadline && !times.failure) await new Promise((resolve) => setTimeout(resolve, 1));
  if (times.failure || !carrier.firstHeard) {
    console.error(`call ${turn + 1}: ${times.failure ?? "the callee heard nothing"}; ${JSON.stringify({ ...times, answeredAt: carrier.answeredAt })}`);
    console.error(await server.log());
    process.exit(1);
  }
  const from = answerAfter ? carrier.answeredAt : times.invited;
  figures["INVITE → ICE"].push(times.ice - times.invited);
  figures["INVITE → DTLS"].push(times.dtls - times.invited);
  figures["first audio, browser"].push(times.heardAt - from);
  figures["first audio, callee"].push(carrier.firstHeard - from);
  if (process.env.EACH) console.log(JSON.stringify({ ...times, answeredAt: carrier.answeredAt, firstHeard: carrier.firstHeard }));
  await phone.hangup();
  await phone.sees("ended");
  await phone.close();
}

const figure = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))].toFixed(1);
console.log(`${calls} calls, ${stack}, the callee answers after ${answerAfter} ms, sound counts from ${answerAfter ? "its answer" : "the INVITE"}, ${cpus().length} × ${cpus()[0].model}`);
for (const [what, values] of Object.entries(figures)) {
  console.log(`${what}: best ${figure(values, 0)} ms, p50 ${figure(values, 0.5)} ms, p90 ${figure(values, 0.9)} ms, worst ${figure(values, 1)} ms`);
}

await browser.close();
customer.stop();
await server.stop();
carrier.stop();
