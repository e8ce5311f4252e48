// Noise at the media ports, during a call.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { answers } from "../sipp/carriers.js";
import { carrier } from "../sipp/sipp.js";
import { eventually } from "../support/workspace.js";
import { randomFrom, startTarget } from "./alive.js";

const DATAGRAMS = 2_000;

let target;

before(async () => { target = await startTarget(); });
after(() => target?.server.stop());

/** Random bytes, and datagrams that begin like RTP, RTCP, STUN and DTLS. */
function noise() {
  const random = randomFrom(3550);
  const beginnings = [[], [0x80, 8], [0x80, 101], [0x90, 0x80], [0x81, 200], [0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42], [22, 0xfe, 0xfd]];
  return Array.from({ length: DATAGRAMS }, () =>
    Buffer.concat([Buffer.from(beginnings[random.below(beginnings.length)]), random.bytes(random.below(400))]));
}

async function sendNoise(port) {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  for (const datagram of noise()) await new Promise((resolve) => socket.send(datagram, port, "127.0.0.1", resolve));
  socket.close();
}

test("noise at the browsers' port is dropped", async () => {
  await sendNoise(Number(target.server.media.split(":")[1]));
  await target.isWell();
});

test("noise at the port of a running call leaves the call up", async () => {
  const { done, log } = await carrier(answers, target.trunk.port);
  const id = await target.calls.place(target.trunk.number);
  await target.calls.that(id, "answered");
  const [, port] = await eventually("the call's port", async () => /m=audio (\d+)/.exec(await log()));
  await sendNoise(Number(port));
  await sendNoise(Number(port) + 1);
  assert.equal((await target.workspace.get(`/v1/calls/${id}`)).status, "answered");
  await target.calls.hangUp(id);
  await done;
  assert.equal((await target.calls.billed(id)).status, "completed");
  await target.isWell();
});
