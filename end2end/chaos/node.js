// A server that may die: it comes back on the same ports with the same data.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../support/ports.js";
import { binary } from "../support/server.js";

/** Recovery of some hundred calls on a busy machine. */
const START_MS = 60_000;
/** For a subcommand, and for a server that is told to end: longer than any call here talks. */
const ENDED_WITHIN_MS = 90_000;

/**
 * A server with one trunk at `carrierPort`; `database` is a URL (default: SQLite in `data`), `data` its folder, `more` further
 * lines of its configuration, `publicUrl` the address of them all where it is one of several nodes.
 */
export async function startNode({ carrierPort, database = "", data, more = "", publicUrl }) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-chaos-"));
  const [http, sip, media] = [await freePort(), await freePort(), await freePort()];
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
    /** Runs a subcommand: its exit code, which is null where it took too long, and what it printed. */
    async command(...args) {
      const command = spawn(binary, [...args, "--config", config], { cwd: folder, stdio: ["ignore", "pipe", "inherit"], timeout: ENDED_WITHIN_MS });
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
          // In development mode it gives way to whoever has its port, and nobody would find it.
          const isWhereTold = line.startsWith(`ready http=127.0.0.1:${http} sip=127.0.0.1:${sip} media=127.0.0.1:${media}`);
          if (isWhereTold) resolve();
          else reject(new Error(`told to listen at ${http}, ${sip} and ${media}, it says ${line}`));
        });
      });
    },
    async kill() {
      node.process.kill("SIGKILL");
      node.kills.push(performance.timeOrigin + performance.now());
      await once(node.process, "exit");
    },
    /** Ends it properly; one that does not end is a fault. */
    async end() {
      node.process.kill("SIGTERM");
      await once(node.process, "exit", { signal: AbortSignal.timeout(ENDED_WITHIN_MS) }).catch(async () => {
        throw new Error(`not ended ${ENDED_WITHIN_MS} ms after SIGTERM; its last words: ${(await node.logText()).split("\n").slice(-20).join("\n")}`);
      });
    },
    /** Ends it properly and starts it again. */
    async restart() {
      await node.end();
      await node.start();
    },
    async stop() {
      if (node.process.exitCode === null && node.process.signalCode === null) await node.end();
      process.off("exit", kill);
      process.off("SIGTERM", leave);
      await rm(folder, { recursive: true });
    },
    logText: () => readFile(log, "utf8"),
  };
  const kill = () => node.process?.kill("SIGKILL");
  const leave = () => process.exit(1);
  process.once("exit", kill);
  process.once("SIGTERM", leave);
  if (database) await node.command("migrate");
  await node.start();
  return node;
}
