// Runs the real server: free ports, a data folder of its own, one workspace's worth of development mode.
//
// SAUTIKIT_BIN names the binary (default: cargo's debug build), SAUTIKIT_SITE the folder that `xtask build` wrote (default:
// `site` beside it, which the server finds by itself).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/sautikit/target");
/** The server under test. */
export const binary = process.env.SAUTIKIT_BIN ?? join(target, "debug/sautikit");
/** Migrations, inventory and sockets take a second; on a busy machine several. */
const START_MS = 60_000;

/**
 * Starts a server; `settings` are lines of its configuration file. Without trunks the sandbox carrier takes the calls. `by` is what
 * starts it somewhere else, a program and its arguments.
 */
export async function startServer(settings = "", by = []) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-end2end-"));
  const config = join(folder, "sautikit.toml");
  const site = process.env.SAUTIKIT_SITE ? `http.site_dir = "${process.env.SAUTIKIT_SITE}"` : "";
  await writeFile(config, `data_dir = "${folder}/data"
http.listen = "127.0.0.1:0"
sip.listen = "127.0.0.1:0"
media.listen = "127.0.0.1:0"
metrics.listen = ""
${site}
${settings}
`);
  const [program, ...args] = [...by, binary, "--config", config];
  const server = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  // A test file that runs out of time is ended by a signal: nothing of it may stay behind.
  const kill = () => server.kill("SIGKILL");
  const leave = () => process.exit(1);
  process.once("exit", kill);
  process.once("SIGTERM", leave);
  const log = join(folder, "server.log");
  server.stderr.pipe(createWriteStream(log));
  const ready = await readyLine(server, log);
  const [, http, sip, media] = /http=(\S+) sip=(\S+) media=(\S+)/.exec(ready);
  const [, tls] = /sip_tls=(\S+)/.exec(ready) ?? [];
  return {
    url: `http://${http}`,
    sip,
    /** SIP over TLS, where there are certificates. */
    tls,
    media,
    pid: server.pid,
    log: () => readFile(log, "utf8"),
    /** Runs a subcommand beside the live server: its exit code and what it printed. */
    async command(...args) {
      const command = spawn(binary, [...args, "--config", config], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
      const output = command.stdout.toArray();
      const [code] = await once(command, "exit");
      return { code, output: Buffer.concat(await output).toString() };
    },
    async stop() {
      if (server.exitCode === null) {
        server.kill("SIGTERM");
        await once(server, "exit");
      }
      process.off("exit", kill);
      process.off("SIGTERM", leave);
      await rm(folder, { recursive: true });
    },
  };
}

function readyLine(server, log) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in ${START_MS} ms; see ${log}`)), START_MS);
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`${binary} ended with ${code}; see ${log}`)));
    createInterface(server.stdout).on("line", (line) => {
      if (!line.startsWith("ready ")) return;
      clearTimeout(timer);
      resolve(line);
    });
  });
}
