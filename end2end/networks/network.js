// A server and a browser, each in a network namespace of its own. The browser has two ways to the server, of which one is up, as a
// telephone has Wi-Fi and mobile data. The server is in development mode, so it listens on loopback only, behind one-to-one NAT: its
// media by address translation, its pages by a forwarder.
//
//   browser: wifi   10.207.n.2 ──── 10.207.n.1 ┐ server, on 127.0.0.1;         ┌ this program
//            mobile 10.208.n.2 ──── 10.208.n.1 ┘ public address 10.207.n.1 ────┘ 10.209.n.1
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { startCuttable } from "../support/cuttable.js";

const run = promisify(execFile);
const ip = (...args) => run("ip", args);
const [FORWARD, TREMBLE] = ["forward.js", "tremble.js"].map((file) => new URL(file, import.meta.url).pathname);

/** Why there can be no namespace here; nothing where there can. */
export async function whyNoNetwork() {
  const name = `sautikit-look-${process.pid}`;
  try {
    await ip("netns", "add", name);
    await ip("netns", "del", name);
    return undefined;
  } catch (error) {
    return `no network namespace can be made here: ${String(error.stderr || error.message).trim()}`;
  }
}

/** Makes both namespaces, with the Wi-Fi up. Nothing of them is left after `close()`. */
export async function openNetwork() {
  const number = process.pid % 250;
  const [server, browser] = ["server", "browser"].map((who) => `sautikit-${who}-${process.pid}`);
  const of = (net, end) => `10.${net}.${number}.${end}`;
  const [wifi, mobile, control] = [["wifi", 207], ["mobile", 208], ["control", 209]].map(([way, net]) => ({ way, near: of(net, 1), far: of(net, 2) }));
  const at = (name, ...command) => run("ip", ["netns", "exec", name, ...command]);
  const folder = await mkdtemp(join(tmpdir(), "sautikit-network-"));
  for (const name of [server, browser]) {
    await ip("netns", "add", name);
    await ip("-n", name, "link", "set", "lo", "up");
  }
  for (const { way, near, far } of [wifi, mobile]) {
    await ip("-n", server, "link", "add", way, "type", "veth", "peer", "name", way, "netns", browser);
    await ip("-n", server, "addr", "add", `${near}/24`, "dev", way);
    await ip("-n", server, "link", "set", way, "up");
    await ip("-n", browser, "addr", "add", `${far}/24`, "dev", way);
  }
  const host = `skt${process.pid}`;
  await ip("link", "add", host, "type", "veth", "peer", "name", "control", "netns", server);
  await ip("addr", "add", `${control.near}/24`, "dev", host);
  await ip("link", "set", host, "up");
  await ip("-n", server, "addr", "add", `${control.far}/24`, "dev", "control");
  await ip("-n", server, "link", "set", "control", "up");
  await at(server, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
  await at(server, "iptables", "-t", "nat", "-A", "PREROUTING", "-d", wifi.near, "-p", "udp", "-j", "DNAT", "--to-destination", "127.0.0.1");
  const up = async ({ way, near }) => {
    await ip("-n", browser, "link", "set", way, "up");
    await ip("-n", browser, "route", "replace", "default", "via", near);
  };
  await up(wifi);
  const chromium = join(folder, "chromium");
  await writeFile(chromium, `#!/bin/sh\nexec ip netns exec ${browser} /usr/bin/chromium "$@"\n`);
  await chmod(chromium, 0o755);
  let [current, other] = [wifi, mobile];
  const forwarders = [];
  const forwards = async (...command) => {
    const forwarder = spawn("ip", ["netns", "exec", server, process.execPath, ...command], { stdio: ["pipe", "pipe", "inherit"] });
    forwarders.push(forwarder);
    const lines = createInterface(forwarder.stdout);
    const [line] = await once(lines, "line");
    return { forwarder, lines, line };
  };
  return {
    /** The server's public address. */
    publicIp: wifi.near,
    /** The server's address, seen by this program. */
    serverIp: control.far,
    /** This program's address, seen by the server. */
    ownIp: control.near,
    /** What starts a program beside the server. */
    besideServer: ["ip", "netns", "exec", server],
    /** Starts Chromium in the browser's namespace. */
    chromium,
    /** Makes targets of the server's side reachable at its address `host`; where each is, and how its connections are cut. */
    async forward(host, ...targets) {
      const { forwarder, line } = await forwards(FORWARD, host, ...targets);
      return JSON.parse(line).map((address, number) => ({ address, cut: () => forwarder.stdin.write(`${number}\n`) }));
    },
    /** The way that is up is gone, and the other one is there `afterMs` later: another address, another route. */
    async move(afterMs = 0) {
      await ip("-n", browser, "link", "set", current.way, "down");
      [current, other] = [other, current];
      if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
      await up(current);
    },
    /** The other way is up too, and nothing goes by it. */
    async prepare() {
      await ip("-n", browser, "link", "set", other.way, "up");
    },
    /** The way that is up carries nothing any more, of which the browser's system is told nothing; the other one, prepared, does. */
    async steer() {
      for (const [chain, interfaces] of [["INPUT", "-i"], ["OUTPUT", "-o"]]) await at(server, "iptables", "-A", chain, interfaces, current.way, "-j", "DROP");
      await ip("-n", browser, "route", "replace", "default", "via", other.near);
      await ip("-n", browser, "route", "del", `${current.near.replace(/\d+$/, "0")}/24`, "dev", current.way);
      [current, other] = [other, current];
    },
    /**
     * What comes to the server's media port `port` and goes back from there is delayed by up to `ms`, each datagram by another time.
     * Gives what tells how long a busy machine held up the audio to the server and from there since it was asked last.
     */
    async tremble(port, ms) {
      const { forwarder, lines, line } = await forwards(TREMBLE, `127.0.0.1:${port}`, String(ms));
      await at(server, "iptables", "-t", "nat", "-I", "PREROUTING", "-d", wifi.near, "-p", "udp", "--dport", port, "-j", "DNAT", "--to-destination", line);
      return async () => {
        forwarder.stdin.write("\n");
        const [told] = await once(lines, "line");
        return JSON.parse(told);
      };
    },
    /** So many of a hundred datagrams that come to the browser are lost, at random. */
    async lose(percent) {
      await at(browser, "iptables", "-F", "INPUT");
      if (percent > 0) await at(browser, "iptables", "-A", "INPUT", "-p", "udp", "-m", "statistic", "--mode", "random", "--probability", String(percent / 100), "-j", "DROP");
    },
    /** Nothing of the browser's passes but TCP, which comes to the server's port `port` by its public address. */
    async onlyTcp(port) {
      await at(server, "iptables", "-t", "nat", "-A", "PREROUTING", "-d", wifi.near, "-p", "tcp", "--dport", port, "-j", "DNAT", "--to-destination", "127.0.0.1");
      for (const [chain, interfaces] of [["INPUT", "-i"], ["OUTPUT", "-o"]]) await at(browser, "iptables", "-A", chain, "!", interfaces, "lo", "-p", "udp", "-j", "DROP");
    },
    async close() {
      for (const forwarder of forwarders) {
        forwarder.stdin.end();
        if (forwarder.exitCode === null) await once(forwarder, "exit");
      }
      await ip("link", "del", host);
      for (const name of [browser, server]) await ip("netns", "del", name);
      await rm(folder, { recursive: true });
    },
  };
}

/** A port of this program's that leads to what `lead` names later: for an address that has to be known before its target is. */
export async function openDoor() {
  let target;
  const door = await startCuttable(() => target);
  return { ...door, lead: (to) => { target = to; } };
}
