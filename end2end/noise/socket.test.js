// Noise at the SIP WebSocket, before and after the upgrade.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import { eventually } from "../support/workspace.js";
import { startTarget } from "./alive.js";
import { tortureMessages, wrongMessages } from "./messages.js";

/** Messages that are sent before their answers are waited for. */
const IN_A_ROW = 20;
/** Connections from one address on which nobody has proven anything yet. */
const UNPROVEN_PER_ADDRESS = 64;
/** Larger than any message that is taken. */
const TOO_LARGE = 80 * 1024;

let target, address;

before(async () => {
  target = await startTarget();
  address = `${target.server.url.replace("http", "ws")}/sip`;
});

after(() => target?.server.stop());

/** An open connection. `answers` are the messages that came. */
async function open(protocols = ["sip"], query = "") {
  const socket = new WebSocket(address + query, protocols);
  const answers = [];
  socket.on("message", (bytes) => answers.push(bytes.toString("latin1")));
  socket.on("error", () => {});
  await once(socket, "open");
  return { socket, answers };
}

/** The HTTP status that an upgrade is refused with, or 101. */
const statusOf = (protocols, query) => new Promise((resolve) => {
  const socket = new WebSocket(address + query, protocols);
  socket.on("unexpected-response", (request, response) => {
    resolve(response.statusCode);
    request.destroy();
  });
  socket.on("open", () => {
    resolve(101);
    socket.terminate();
  });
  socket.on("error", () => resolve("a closed connection"));
});

const register = (index) => [
  "REGISTER sip:127.0.0.1 SIP/2.0", `Via: SIP/2.0/WS noise.invalid;branch=z9hG4bKr${index}`, "Max-Forwards: 70",
  "From: <sip:noise@127.0.0.1>;tag=noise", "To: <sip:noise@127.0.0.1>", `Call-ID: register${index}`, "CSeq: 1 REGISTER",
  "Contact: <sip:noise@noise.invalid;transport=ws>", "Content-Length: 0", "", "",
].join("\r\n");

let registrations = 0;

/** Resolves when a good request on this connection is answered, by a challenge. */
async function isAnswered({ socket, answers }) {
  registrations += 1;
  const callId = `Call-ID: register${registrations}\r`;
  socket.send(register(registrations));
  await eventually("an answer to a good request", () => {
    assert.equal(socket.readyState, WebSocket.OPEN, "the connection was closed");
    return answers.some((answer) => answer.startsWith("SIP/2.0 401 ") && answer.includes(callId));
  });
}

test("a request that is no upgrade gets a catalogue error", async () => {
  for (const method of ["GET", "POST", "PUT", "DELETE"]) {
    const response = await fetch(`${target.server.url}/sip`, { method });
    assert.ok(response.status >= 400 && response.status < 500, `${method}: ${response.status}`);
    const { error } = await response.json();
    assert.ok(error.code && error.request_id);
  }
});

test("a forged token refuses the upgrade", async () => {
  for (const token of ["", "x", "e30.e30.", "a.b.c", "%00%ff", "x".repeat(8_000)]) {
    assert.equal(await statusOf(["sip"], `?access_token=${token}`), 401);
  }
});

test("an upgrade that does not offer the subprotocol sip is refused", async () => {
  assert.equal(await statusOf(["chat"], ""), 400);
  assert.equal(await statusOf([], ""), 400);
  assert.equal(await statusOf(["chat", "sip"], ""), 101);
});

for (const binary of [false, true]) {
  test(`noise in ${binary ? "binary" : "text"} frames: a clear error, silence, or the end of that connection alone`, async () => {
    const torture = (await tortureMessages()).map(({ bytes }) => bytes);
    const all = [];
    /** Another connection is answered meanwhile; a new one each time, because being refused too often ends one as well. */
    const othersAreAnswered = async () => {
      const other = await open();
      await isAnswered(other);
      other.socket.terminate();
    };
    let connection = await open();
    const messages = [...torture, ...wrongMessages(target.workspace.number)];
    for (const [index, message] of messages.entries()) {
      // A stranger who makes too much noise is cut off, and may come again.
      if (connection.socket.readyState !== WebSocket.OPEN) connection = await open();
      all.push(connection);
      // A text frame must be UTF-8, or the peer is right to close.
      connection.socket.send(binary ? message : message.toString("latin1"), { binary });
      // Whoever sends much and reads little is cut off.
      if (index % IN_A_ROW === 0) await othersAreAnswered();
    }
    await othersAreAnswered();
    for (const answer of all.flatMap(({ answers }) => answers)) {
      if (answer.trim()) assert.match(answer, /^SIP\/2\.0 (100|[4-6]\d\d) |^SIP\/2\.0 200 [^]*CSeq:\s*\d+ OPTIONS/i);
    }
    for (const { socket } of all) socket.terminate();
    await target.isWell();
  });
}

test("a message that is too large closes the connection", async () => {
  const { socket } = await open();
  socket.send("x".repeat(TOO_LARGE));
  await once(socket, "close");
  await target.isWell();
});

test("connections that prove nothing are bounded, and leave nothing when they are dropped", async () => {
  await eventually("earlier ones are gone", async () => (await target.server.metrics()).sip_websockets === 0);
  const connections = await Promise.all(Array.from({ length: UNPROVEN_PER_ADDRESS }, () => open()));
  assert.equal(await statusOf(["sip"], ""), 429);
  for (const { socket } of connections) {
    socket.send(register(0));
    socket.terminate();
  }
  await target.isWell();
  await eventually("all are gone", async () => (await target.server.metrics()).sip_websockets === 0);
});
