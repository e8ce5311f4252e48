// Trunks of the configuration file: each test dials a prefix of its own, so that tests run side by side at one server.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { eventually } from "../support/workspace.js";
import { HOST, ownPort } from "./sipp.js";

/** The sandbox stays on, behind all others: it also approves top-ups. */
const SANDBOX = "[sandbox]\nenabled = true\n";

/**
 * Reserves trunks by name. Each value is a list of the trunks that serve one prefix, the first tried first, with further
 * keys of the configuration: `{ challenging: [{ username: "asha", password: "…" }], flaky: [{}, {}] }`.
 */
export async function reserveTrunks(wanted) {
  const trunks = {};
  const blocks = [];
  for (const [index, [name, group]] of Object.entries(wanted).entries()) {
    const prefix = `+2547221${String(index).padStart(2, "0")}`;
    const ports = [];
    for (const [priority, keys] of group.entries()) {
      const port = ownPort();
      ports.push(port);
      const further = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("");
      blocks.push(`[[trunk]]
name = "${name}-${priority}"
address = "${HOST}:${port}"
prefixes = ["${prefix}"]
priority = ${priority + 1}
${further}`);
    }
    trunks[name] = { port: ports[0], ports, number: `${prefix}042` };
  }
  return { trunks, settings: `${SANDBOX}\n${blocks.join("\n")}` };
}

/** A carrier that never says anything: `messages` are the datagrams that came. */
export async function silentCarrier(port) {
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  const messages = [];
  socket.on("message", (bytes) => messages.push(bytes.toString()));
  return {
    messages,
    /** The messages once there is one. */
    next: () => eventually("a datagram", () => messages.length > 0 && messages),
    /** What began with this method. */
    requests: (method) => messages.filter((message) => message.startsWith(`${method} `)),
    close: () => socket.close(),
  };
}
