// A gateway for these tests: a page and token endpoint over HTTP, SIP over WebSocket, and an audio peer that is the
// browser itself (an RTCPeerConnection in the page answers offers). It knows the happy paths only.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

/** Longest wait for a message: twice that of the SDK's own promises. */
const RECEIVE_LIMIT_MS = 20_000;

export async function startGateway(dist) {
  const gateway = new Gateway(dist);
  await new Promise((resolve) => gateway.http.listen(0, "127.0.0.1", resolve));
  return gateway;
}

class Gateway {
  requests = [];
  #waiting = [];
  tokenRequests = [];
  // Called for each SIP request: (request, reply(status, headers, body)).
  onRequest = (request, reply) => reply(200);
  tokenStatus = 200;
  // Neither answers nor closes.
  tokenHangs = false;
  upgradeHangs = false;
  /** Seconds that a token lives from its `iat` on. */
  tokenLife = 300;
  /** Granted to every REGISTER. */
  expires = 300;
  answersPings = true;
  /** What the token allows. */
  permissions = { outbound: true, inbound: true };
  /** Headers of the page's own: what it may do. */
  headers = {};

  constructor(dist) {
    this.dist = dist;
    this.http = createServer((request, response) => this.#serve(request, response));
    this.sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "sip" });
    this.http.on("upgrade", (request, socket, head) => {
      if (!this.upgradeHangs) this.sockets.handleUpgrade(request, socket, head, (opened) => this.sockets.emit("connection", opened));
    });
    this.sockets.on("connection", (socket) => {
      this.socket = socket;
      socket.on("message", (data) => this.#receive(socket, data.toString()));
    });
  }

  get url() { return `http://127.0.0.1:${this.http.address().port}`; }

  // As the servers of the guides: nothing but token and expires_at.
  token() {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, aud: "sip", sub: "asha", ws: "0190aaaa-0000-7000-8000-000000000001", iat, exp: iat + this.tokenLife, perms: this.permissions };
    return ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  }

  send(message) { this.socket.send(message); }

  async #serve(request, response) {
    // Pages of a sandbox without an origin are strangers here, too.
    if (request.headers.origin === "null") response.setHeaders(new Map([["access-control-allow-origin", "null"], ["access-control-allow-credentials", "true"]]));
    if (request.url === "/api/sip-token") {
      this.tokenRequests.push(request.method);
      if (this.tokenHangs) return;
      if (request.method === "POST" && this.getOnly) return response.writeHead(405).end();
      response.writeHead(this.tokenStatus, { "content-type": "application/json" });
      return response.end(JSON.stringify({ token: this.token(), expires_at: new Date(Date.now() + this.tokenLife * 1000).toISOString() }));
    }
    if (request.url === "/") return response.writeHead(200, { "content-type": "text/html", ...this.headers }).end("<!doctype html><title>test</title><body></body>");
    try {
      const file = join(this.dist, normalize(new URL(request.url, this.url).pathname));
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  #receive(socket, text) {
    // A keep-alive (RFC 5626 §3.5.1).
    if (text === "\r\n\r\n" && this.answersPings) socket.send("\r\n");
    if (!text.trim()) return;
    const message = parse(text);
    this.requests.push(message);
    this.#waiting.splice(0).forEach((go) => go());
    if (message.method === "ACK" || !message.method) return;
    let tag = /;tag=/.test(message.header("To")) ? "" : ";tag=gateway";
    const reply = (status, headers = {}, body = "") => socket.send([
      `SIP/2.0 ${status} X`, `Via: ${message.header("Via")}`, `From: ${message.header("From")}`, `To: ${message.header("To")}${tag}`,
      `Call-ID: ${message.header("Call-ID")}`, `CSeq: ${message.header("CSeq")}`, `Contact: <sip:gateway.invalid;transport=ws>`,
      ...(message.method === "REGISTER" ? [`Expires: ${this.expires}`] : []),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`, "", body,
    ].join("\r\n"));
    this.onRequest(message, reply);
  }

  // The next message that fits, also one that came already.
  async received(fits) {
    const late = Date.now() + RECEIVE_LIMIT_MS;
    for (;;) {
      const found = this.requests.find(fits);
      if (found) return found;
      await new Promise((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`${fits} did not come; there were ${this.requests.map(({ start }) => start).join(", ")}`)), late - Date.now());
        this.#waiting.push(() => {
          clearTimeout(limit);
          resolve();
        });
      });
    }
  }

  close() {
    this.sockets.clients.forEach((client) => client.terminate());
    this.http.closeAllConnections();
    this.http.close();
  }
}

function parse(text) {
  const [head, ...rest] = text.split("\r\n\r\n");
  const [start, ...lines] = head.split("\r\n");
  const first = start.split(" ");
  const isResponse = first[0] === "SIP/2.0";
  return {
    start,
    method: isResponse ? undefined : first[0],
    uri: isResponse ? undefined : first[1],
    status: isResponse ? Number(first[1]) : undefined,
    body: rest.join("\r\n\r\n"),
    header: (name) => lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))?.slice(name.length + 1).trim() ?? "",
  };
}
