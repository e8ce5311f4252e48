// A carrier that answers every call and plays a recording for as long as it lasts: `node carrier.js PORT FILE`, the file A-law at
// 8 kHz. Says "ready" once it listens; ends with its standard input.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";

const HOST = "127.0.0.1";
/** One packet: 20 ms at 8 kHz. */
const FRAME = 160;
const FRAME_MS = 20;
const RTP_HEADER = 12;
const PCMA = 8;

const [port, file] = process.argv.slice(2);
const recording = readFileSync(file);
const media = createSocket("udp4").bind(0, HOST);
const sip = createSocket("udp4").bind(Number(port), HOST);
await Promise.all([once(media, "listening"), once(sip, "listening")]);

const header = (message, name) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(message)?.[1] ?? "";
const ours = `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio ${media.address().port} RTP/AVP ${PCMA}\r\na=rtpmap:${PCMA} PCMA/8000\r\n`;
let playing;

/** Plays to `to` on the clock, whatever the timer does. */
function play(to) {
  const [began, packet] = [performance.now(), Buffer.alloc(RTP_HEADER + FRAME)];
  let sent = 0;
  clearInterval(playing);
  playing = setInterval(() => {
    for (; sent * FRAME_MS < performance.now() - began; sent += 1) {
      packet.writeUInt8(0x80, 0);
      packet.writeUInt8(PCMA | (sent === 0 ? 0x80 : 0), 1);
      packet.writeUInt16BE(sent & 0xffff, 2);
      packet.writeUInt32BE((sent * FRAME) >>> 0, 4);
      packet.writeUInt32BE(1, 8);
      for (let at = 0; at < FRAME; at += 1) packet[RTP_HEADER + at] = recording[(sent * FRAME + at) % recording.length];
      media.send(packet, to.port, to.host);
    }
  }, FRAME_MS / 4);
}

sip.on("message", (bytes, { port, address }) => {
  const message = bytes.toString();
  const [method] = message.split(" ");
  if (method === "ACK" || method === "SIP/2.0") return;
  const [body, tag] = method === "INVITE" ? [ours, ";tag=carrier"] : ["", ""];
  // To where the call came from: the address in the description is the one for outside.
  if (method === "INVITE") play({ port: Number(/^m=audio (\d+)/m.exec(message)[1]), host: address });
  if (method === "BYE") clearInterval(playing);
  const lines = ["SIP/2.0 200 OK", ...message.split("\r\n").filter((line) => /^(Via|Record-Route):/i.test(line)), `From: ${header(message, "From")}`,
    `To: ${header(message, "To")}${/;tag=/.test(header(message, "To")) ? "" : tag}`, `Call-ID: ${header(message, "Call-ID")}`, `CSeq: ${header(message, "CSeq")}`,
    `Contact: <sip:carrier@${HOST}:${sip.address().port}>`, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body];
  sip.send(lines.join("\r\n"), port, address);
});

console.log("ready");
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
