// Passes datagrams on late, each by a time of its own, so that many overtake one another: `node tremble.js HOST:PORT MS` delays each by 0
// to MS, in both directions. Prints where it listens; ends with its standard input. For kernels without netem, which cannot be loaded
// everywhere.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const [target, most] = process.argv.slice(2);
const [host, port] = target.split(":");
const late = (send) => setTimeout(send, Math.random() * Number(most));

const near = createSocket("udp4").bind(0, host);
await once(near, "listening");
/** By who sends: a socket of its own towards the target, so that answers find their way. */
const ways = new Map();
near.on("message", (bytes, from) => {
  const name = `${from.address}:${from.port}`;
  if (!ways.has(name)) {
    const way = createSocket("udp4");
    way.on("message", (answer) => late(() => near.send(answer, from.port, from.address)));
    ways.set(name, way);
  }
  late(() => ways.get(name).send(bytes, Number(port), host));
});
console.log(`${host}:${near.address().port}`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
