// A server that may die: it comes back on the same ports with the same data.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { binary } from "../support/server.js";

/** Recovery of some hundred calls on a busy machine. */
const START_MS = 60_000;

/** Ports that are free now; the server takes them each time that it starts. */
async function freePorts() {
  const listener = createServer().listen(0, "127.0.0.1");
  const sockets = [createSocket("udp4").bind(0, "127.0.0.1"), createSocket("udp4").bind(0, "127.0.0.1")];
  await Promise.all([once(listener, "listening"), ...sockets.map((socket) => once(socket, "listening"))]);
  const ports = [listener, ...sockets].map((one) => one.address().port);
  [listener, ...sockets].forEach((one) => one.close());
  return ports;
}

/** A TCP port that is free now. */
export async function freePort() {
  const [port] = await freePorts();
  return port;
}

/**
 * A server with one trunk at `carrierPort`; `database` is a URL (default: SQLite in `data`), `data` its folder, `more` further
 * lines of its configuration, `publicUrl` the address of them all where it is one of several nodes.
 */
export async function startNode({ carrierPort, database = "", data, more = "", publicUrl }) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-chaos-"));
  const [http, sip, media] = await freePorts();
  const config = join(folder, "sautikit.toml");
  await writeFile(config, `data_dir = "${data ?? join(folder, "data")}"
http.listen = "127.0.0.1:${http}"
http.public_url = "${publicUrl ?? `http://127.0.0.1:${http}`}"
sip.listen = "127.0.0.1:${sip}"
media.listen = "127.0.0.1:${media}"
metrics.listen = ""
limits.key_requests_per_second = 0
limits.ip_requests_per_second = 0
database.url = "${database}"
sandbox.enabled = true

[[trunk]]
name = "carrier"
address = "127.0.0.1:${carrierPort}"
prefixes = ["+"]
${more}`);
  const log = join(folder, "server.log");
  const node = {
    url: `http://127.0.0.1:${http}`,
    sipPort: sip,
    log,
    process: undefined,
    /** When it was killed, each time. */
    kills: [],
    /** Runs a subcommand: its exit code and what it printed. */
    async command(...args) {
      const command = spawn(binary, [...args, "--config", config], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      const output = command.stdout.toArray();
      const [code] = await once(command, "exit");
      return { code, output: Buffer.concat(await output).toString() };
    },
    async start() {
      const server = spawn(binary, ["--config", config], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      node.process = server;
      server.stderr.pipe(createWriteStream(log, { flags: "a" }));
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not ready in ${START_MS} ms; see ${log}`)), START_MS);
        const ended = (code) => reject(new Error(`the server ended with ${code}; see ${log}`));
        server.once("exit", ended);
        createInterface(server.stdout).on("line", (line) => {
          if (!line.startsWith("ready ")) return;
          clearTimeout(timer);
          server.off("exit", ended);
          resolve();
        });
      });
    },
    async kill() {
      node.process.kill("SIGKILL");
      node.kills.push(performance.timeOrigin + performance.now());
      await once(node.process, "exit");
    },
    /** Ends it properly and starts it again. */
    async restart() {
      node.process.kill("SIGTERM");
      await once(node.process, "exit");
      await node.start();
    },
    async stop() {
      if (node.process.exitCode === null && node.process.signalCode === null) {
        node.process.kill("SIGTERM");
        await once(node.process, "exit");
      }
      await rm(folder, { recursive: true });
    },
    logText: () => readFile(log, "utf8"),
  };
  process.once("exit", () => node.process?.kill("SIGKILL"));
  process.once("SIGTERM", () => process.exit(1));
  if (database) await node.command("migrate");
  await node.start();
  return node;
}
