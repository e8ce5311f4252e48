// Strangers who want to take the server down. Each takes `{ sip, url, perSecond, many }` and resolves with a function that
// ends it. They come from an address of their own, as limits are counted by address.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import WebSocket from "ws";

/** Nobody's address that the server knows. */
const STRANGER = "127.0.0.66";
/** Between connections, so that the attacker's own machine is not what is measured. */
const PAUSE_MS = 2;

const pause = (ms = PAUSE_MS) => new Promise((resolve) => setTimeout(resolve, ms));

/** Datagrams from a thread of its own. */
async function flood(kind, { sip, perSecond }) {
  const worker = new Worker(new URL("flood.js", import.meta.url), { workerData: { kind, sip, perSecond, address: STRANGER } });
  await once(worker, "online");
  return () => worker.terminate();
}

/** TCP connections, each begun with what `greet` sends and opened again when it is closed. */
async function connections(url, many, greet) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let ended = false;
  const one = () => {
    if (ended) return;
    const socket = connect({ host: hostname, port: Number(port), localAddress: STRANGER }, () => greet(socket));
    open.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => {
      open.delete(socket);
      setTimeout(one, 100);
    });
  };
  for (let index = 0; index < many; index += 1) {
    one();
    await pause();
  }
  return () => {
    ended = true;
    for (const socket of open) socket.destroy();
  };
}

const upgrade = (host) => `GET /sip HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
  + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

/** The beginning of a masked text frame of 15 MiB, and what a sender of it has in its hands. */
const HUGE_FRAME = Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0xf0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(64 * 1024, "x")]);

export const attackers = {
  /** What the others are compared with: a machine that does other things is slow without an attack, too. */
  "nobody": async () => () => {},

  "OPTIONS and stray BYEs": (target) => flood("strays", target),

  "requests with To tags": (target) => flood("indialog", target),

  "INVITEs without credentials": (target) => flood("invites", target),

  "WebSocket frames that never end": ({ url, many }) => connections(url, Math.min(many, 60), (socket) => {
    socket.write(upgrade(new URL(url).host));
    socket.once("data", async () => {
      for (let sent = 0; sent < 240 && !socket.destroyed; sent += 1) {
        socket.write(sent === 0 ? HUGE_FRAME : HUGE_FRAME.subarray(14));
        // More would be an attack on the machine: 60 of them send 75 MB a second.
        await pause(50);
      }
    });
  }),

  "idle WebSockets": ({ url, many }) => connections(url, many, (socket) => socket.write(upgrade(new URL(url).host))),

  "connections that send nothing": ({ url, many }) => connections(url, many, () => {}),

  "heads that never end": ({ url, many }) => connections(url, many, (socket) => {
    socket.write(`GET / HTTP/1.1\r\nHost: ${new URL(url).host}\r\n`);
    const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write(`X-${Date.now()}: ${"x".repeat(900)}\r\n`)), 500);
  }),

  "kept-alive connections": ({ url, many }) => connections(url, many, (socket) => {
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`);
  }),

  "event streams": ({ url, many }) => connections(url, many, (socket) => {
    const id = "019a2f6b-1c5e-7c3f-9a52-d0b7c1e4f8aa";
    socket.write(`GET /v1/calls/${id}/stream?token=x HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAccept: text/event-stream\r\n\r\n`);
  }),

  async "HTTP/2 streams"({ url, many }) {
    const { hostname, port } = new URL(url);
    const sessions = [];
    let ended = false;
    const one = () => {
      if (ended) return;
      const socket = connect({ host: hostname, port: Number(port), localAddress: STRANGER });
      const session = connectHttp2(url, { createConnection: () => socket });
      sessions.push(session);
      session.on("error", () => {});
      session.on("close", () => setTimeout(one, 100));
      session.on("connect", () => {
        for (let stream = 0; stream < 200 && !session.destroyed; stream += 1) {
          // The body never ends.
          const request = session.request({ ":method": "POST", ":path": "/v1/auth/magic-link", "content-type": "application/json" });
          request.on("error", () => {});
          request.write("{");
        }
      });
    };
    for (let index = 0; index < Math.min(many, 50); index += 1) {
      one();
      await pause();
    }
    return () => {
      ended = true;
      for (const session of sessions) session.destroy();
    };
  },

  async "WebSockets that open and close"({ url, many }) {
    let ended = false;
    const run = async () => {
      while (!ended) {
        const socket = new WebSocket(`${url.replace("http", "ws")}/sip`, ["sip"], { localAddress: STRANGER });
        socket.on("error", () => {});
        await pause(20);
        socket.terminate();
      }
    };
    for (let index = 0; index < Math.min(many, 20); index += 1) run();
    return () => { ended = true; };
  },
};
