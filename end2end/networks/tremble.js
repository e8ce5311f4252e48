// Passes datagrams on late, each by a time of its own, so that many overtake one another: `node tremble.js HOST:PORT MS` delays each by 0
// to MS, in both directions. Prints where it listens; ends with its standard input. For kernels without netem, which cannot be loaded
// everywhere. A line on standard input is answered by how long a busy machine held up each direction's audio since the line before, as
// JSON: `{ toTargetMs, fromTargetMs }`.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";

const [target, most] = process.argv.slice(2);
const [host, port] = target.split(":");
const PACKET_MS = 20;
/** RTP and no RTCP (RFC 5761 section 4), nor STUN or DTLS (RFC 7983 section 7). */
const isAudio = ([first, second]) => first >= 128 && first < 192 && (second < 192 || second > 223);
const toTarget = { pausedMs: 0, lateMs: 0 };
const fromTarget = { pausedMs: 0, lateMs: 0 };
const late = (direction, bytes, send) => {
  const now = performance.now();
  const delayMs = Math.random() * Number(most);
  if (isAudio(bytes)) {
    direction.pausedMs = Math.max(direction.pausedMs, now - (direction.lastAt ?? now) - PACKET_MS);
    direction.lastAt = now;
  }
  setTimeout(() => {
    direction.lateMs = Math.max(direction.lateMs, performance.now() - now - delayMs);
    send();
  }, delayMs);
};
/** The longest that a sender paused and the longest that a packet was kept beyond its time, which may come together. */
const heldUp = (direction) => {
  const heldUpMs = Math.ceil(direction.pausedMs + direction.lateMs);
  Object.assign(direction, { pausedMs: 0, lateMs: 0 });
  return heldUpMs;
};

const near = createSocket("udp4").bind(0, host);
await once(near, "listening");
/** By who sends: a socket of its own towards the target, so that answers find their way. */
const ways = new Map();
near.on("message", (bytes, from) => {
  const name = `${from.address}:${from.port}`;
  if (!ways.has(name)) {
    const way = createSocket("udp4");
    way.on("message", (answer) => late(fromTarget, answer, () => near.send(answer, from.port, from.address)));
    ways.set(name, way);
  }
  late(toTarget, bytes, () => ways.get(name).send(bytes, Number(port), host));
});
console.log(`${host}:${near.address().port}`);
const lines = createInterface(process.stdin);
lines.on("line", () => console.log(JSON.stringify({ toTargetMs: heldUp(toTarget), fromTargetMs: heldUp(fromTarget) })));
lines.on("close", () => process.exit(0));
