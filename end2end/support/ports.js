// Ports for what is told where to listen, and listens there again after it died. They lie below those that the system hands out
// to sockets without a port of their own, so that none of these sits there by the time that they are needed.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const HOST = "127.0.0.1";
/** Linux hands out 32768 to 60999 (ip_local_port_range), our calls take 20000 to 29999 (`media.rtp_ports`). */
const [LEAST, BEYOND] = [10_000, 20_000];
const TRIES = 100;
const given = new Set();

/** Whether nobody listens there, by TCP or UDP. */
async function isFree(port) {
  const [tcp, udp] = [createServer(), createSocket("udp4")];
  try {
    tcp.listen(port, HOST);
    await once(tcp, "listening");
    udp.bind(port, HOST);
    await once(udp, "listening");
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}

/** A port that nobody listens at, by TCP or UDP, and that this program was not given before. */
export async function freePort() {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = LEAST + Math.floor(Math.random() * (BEYOND - LEAST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`none of ${TRIES} ports from ${LEAST} to ${BEYOND} is free`);
}
