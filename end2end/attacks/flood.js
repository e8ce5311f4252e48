// A thread that sends datagrams of one kind as fast as it is told to, each with names of its own.
import { createSocket } from "node:dgram";
import { workerData } from "node:worker_threads";

const { kind, sip, perSecond, address } = workerData;
const [host, port] = sip.split(":");
/** Between bursts. */
const TICK_MS = 10;
const METHODS = { strays: ["OPTIONS", "BYE"], indialog: ["INVITE", "BYE", "INFO", "UPDATE", "OPTIONS"], invites: ["INVITE", "REGISTER"] }[kind];
const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.66\r\ns=-\r\nc=IN IP4 127.0.0.66\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n";

const socket = createSocket("udp4").bind(0, address);
socket.on("error", () => {});
socket.on("message", () => {});
let sent = 0;

function one() {
  sent += 1;
  const method = METHODS[sent % METHODS.length];
  const tag = kind === "strays" && method === "OPTIONS" || kind === "invites" ? "" : `;tag=t${sent}`;
  const body = method === "INVITE" ? SDP : "";
  return [`${method} sip:+254700000001@${sip} SIP/2.0`, `Via: SIP/2.0/UDP ${address}:9;branch=z9hG4bK${kind}${sent};rport`,
    "Max-Forwards: 70", `From: <sip:a@${sip}>;tag=f${sent}`, `To: <sip:+254700000001@${sip}>${tag}`, `Call-ID: ${kind}${sent}`,
    `CSeq: 1 ${method}`, `Contact: <sip:a@${address}:9>`, ...(body ? ["Content-Type: application/sdp"] : []),
    `Content-Length: ${body.length}`, "", body].join("\r\n");
}

const begun = performance.now();
setInterval(() => {
  const due = ((performance.now() - begun) / 1_000) * perSecond;
  while (sent < due) socket.send(one(), Number(port), host);
}, TICK_MS);
