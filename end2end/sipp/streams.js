// SIP over connections, by Node's own TCP and TLS: a carrier that is asked and answers, and a way that cuts streams to bytes.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** The messages of a stream, one after the other. */
export function messagesOf(socket) {
  let buffer = "";
  const messages = [];
  socket.setEncoding("latin1").on("data", (text) => {
    buffer += text;
    for (;;) {
      buffer = buffer.replace(/^(\r\n)+/, "");
      const end = buffer.indexOf("\r\n\r\n");
      const length = Number(/^content-length: *(\d+)/im.exec(buffer.slice(0, end))?.[1] ?? 0);
      if (end < 0 || buffer.length < end + 4 + length) return;
      messages.push(buffer.slice(0, end + 4 + length));
      buffer = buffer.slice(end + 4 + length);
    }
  });
  socket.on("error", () => {});
  return messages;
}

/** A header's value, the first of its name. */
export const header = (message, name) => new RegExp(`^${name}: *(.*)\r$`, "im").exec(message)?.[1];

const sdp = (host) => `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n`;

/** The answer to a request: status, whose Contact names `host`:`port` over TCP, with a description if asked for. */
export function answerTo(request, status, { host, port, transport = "tcp", describes = false } = {}) {
  const body = describes ? sdp(host) : "";
  const via = request.split("\r\n").filter((line) => /^via:/i.test(line));
  const to = header(request, "To");
  return [
    `SIP/2.0 ${status}`, ...via, `From: ${header(request, "From")}`, `To: ${to}${to.includes("tag=") ? "" : ";tag=carrier"}`,
    `Call-ID: ${header(request, "Call-ID")}`, `CSeq: ${header(request, "CSeq")}`,
    `Contact: <sip:carrier@${host}:${port};transport=${transport}>`,
    ...(describes ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body,
  ].join("\r\n");
}

/** A call from a carrier to `number`. */
export function invite(number, server, { host, transport, from = "+254722000077", id = "of-the-carrier" }) {
  const body = sdp(host);
  return [
    `INVITE sip:${number}@${server} SIP/2.0`, `Via: SIP/2.0/${transport} ${host}:5060;branch=z9hG4bK${id}`, "Max-Forwards: 70",
    `From: <sip:${from}@${host}>;tag=carrier`, `To: <sip:${number}@${server}>`, `Call-ID: ${id}`, "CSeq: 1 INVITE",
    `Contact: <sip:carrier@${host}:5060;transport=${transport.toLowerCase()}>`, "Content-Type: application/sdp",
    `Content-Length: ${body.length}`, "", body,
  ].join("\r\n");
}

/** A carrier over TCP: `connections` are those that came, each with its socket and messages. */
export async function streamCarrier(host) {
  const connections = [];
  const server = createServer((socket) => connections.push({ socket, messages: messagesOf(socket) }));
  server.listen(0, host);
  await once(server, "listening");
  return { port: server.address().port, connections, close: () => { server.close(); for (const { socket } of connections) socket.destroy(); } };
}

/** A port whose connections lead to `to`, with every byte towards it in a segment of its own. */
export async function splitter(to) {
  const [host, port] = to.split(":");
  const sockets = [];
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port), noDelay: true });
    sockets.push(near, far);
    far.pipe(near);
    let last = Promise.resolve();
    near.on("data", (bytes) => {
      for (const byte of bytes) {
        last = last.then(() => new Promise((sent) => { far.write(Buffer.of(byte), () => setImmediate(sent)); }));
      }
    });
    near.on("error", () => {}).on("close", () => last.then(() => far.end()));
    far.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `127.0.0.1:${server.address().port}`, close: () => { server.close(); for (const socket of sockets) socket.destroy(); } };
}
