// A way to the server that can be cut, as a network does it: without a word to either end.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Forwards to `host:port`, or to what a function gives then, listening on `at`. `cut()` ends everything that is open; new connections pass again at once. */
export async function startCuttable(target, at = "127.0.0.1") {
  const pairs = new Set();
  const proxy = createServer((near) => {
    const [host, port] = (target.call ? target() : target).split(":");
    const far = connect(Number(port), host);
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => { to.destroy(); pairs.delete(pair); });
    }
  });
  proxy.listen(0, at);
  await once(proxy, "listening");
  return {
    address: `${at}:${proxy.address().port}`,
    cut: () => pairs.forEach((pair) => pair.forEach((socket) => socket.destroy())),
    stop: () => {
      pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
      proxy.close();
    },
  };
}
