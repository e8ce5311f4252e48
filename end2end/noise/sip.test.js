// Noise at the SIP port.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { HOST } from "../sipp/sipp.js";
import { startTarget } from "./alive.js";
import { tortureMessages, wrongMessages } from "./messages.js";

/** A trunk's address, and one of nobody we know. */
const SENDERS = { "a trunk": HOST, "a stranger": "127.0.0.3" };

let target;

before(async () => { target = await startTarget(); });
after(() => target?.server.stop());

/** Sends datagrams, sees that the server is well, and gives what it answered until then. */
async function answersTo(messages, address) {
  const [host, port] = target.server.sip.split(":");
  const socket = createSocket("udp4").bind(0, address);
  await once(socket, "listening");
  const answers = [];
  socket.on("message", (bytes) => answers.push(bytes.toString("latin1")));
  for (const message of messages) {
    // In turn: a burst would overrun the socket and say nothing of the server.
    await new Promise((resolve) => socket.send(message, Number(port), host, resolve));
  }
  await target.isWell();
  socket.close();
  return answers;
}

/** 100 and errors are clear; a 2xx may only be the answer to OPTIONS. */
function areClear(answers) {
  for (const answer of answers) {
    const [, status] = /^SIP\/2\.0 (\d{3}) /.exec(answer) ?? assert.fail(`no SIP response: ${answer}`);
    const isFine = status === "100" || Number(status) >= 400 || /^CSeq:\s*\d+ OPTIONS/im.test(answer);
    assert.ok(isFine, answer);
  }
}

for (const [who, address] of Object.entries(SENDERS)) {
  test(`RFC 4475 from ${who}: a clear error or silence`, async () => {
    areClear(await answersTo((await tortureMessages()).map(({ bytes }) => bytes), address));
  });

  test(`broken, random and huge messages from ${who}: a clear error or silence`, async () => {
    areClear(await answersTo(wrongMessages(target.workspace.number), address));
  });
}
