// Runs SIPp with one scenario.
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/workspace.js";

const LOOPBACK = "127.0.0.1";
/** Longer than any scenario; SIPp then fails and says where it waited. */
const LIMIT_SECONDS = 90;

/** The end of a trace says what went wrong. */
const TRACE_BYTES = 64 * 1024;

/** Below the ports that the kernel gives to whoever asks for any, so that a reserved one is not given away meanwhile. */
const FIRST_PORT = 10_000;
const LAST_PORT = 19_998;

/** A UDP port that is free now; even, as RTP ports are by custom (RFC 3550 §11). */
export async function freePort(address = LOOPBACK) {
  for (;;) {
    const port = randomInt(FIRST_PORT / 2, LAST_PORT / 2) * 2;
    const socket = createSocket("udp4").bind(port, address);
    const isFree = await once(socket, "listening").then(() => true, () => false);
    socket.close();
    if (isFree) return port;
  }
}

/**
 * A carrier that takes `calls` calls at `port`: listens when this resolves; `done` settles when it has taken them, with
 * what the scenario logged; `log` reads that until then.
 */
export async function carrier(scenario, port, { calls = 1, more = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "sipp-"));
  const done = run(scenario, { folder, port, address: LOOPBACK, calls, more });
  // Nobody may be waiting yet when it fails.
  done.catch(() => {});
  await Promise.race([done, eventually(`sipp at ${port}`, () => isBound(port))]);
  return { done, log: () => readFile(join(folder, "log"), "utf8") };
}

/** Calls `number` at the server's SIP address; resolves when all went as written. */
export const caller = async (scenario, number, server, { address = LOOPBACK, more = [] } = {}) =>
  run(scenario, {
    folder: await mkdtemp(join(tmpdir(), "sipp-")),
    port: await freePort(address), address, calls: 1, more: [...more, "-s", number, server],
  });

/** Gives what the scenario logged; rejects with what SIPp and its trace of messages say. */
async function run(scenario, { folder, port, address, calls, more }) {
  const file = join(folder, "scenario.xml");
  await writeFile(file, scenario);
  const settings = [
    ["-sf", file], ["-i", address], ["-mi", address], ["-m", String(calls)], ["-p", String(port)],
    ["-mp", String(await freePort(address))], ["-timeout", String(LIMIT_SECONDS)], ["-timeout_error"],
    ["-nostdin"], ["-trace_err"], ["-trace_msg"], ["-trace_logs"], ["-log_file", join(folder, "log")],
    // A scenario that goes wrong can make two peers repeat themselves for ever.
    ["-ringbuffer_files", "1"], ["-ringbuffer_size", String(TRACE_BYTES)],
  ];
  const sipp = spawn("sipp", [...settings.flat(), ...more], { cwd: folder, stdio: "ignore" });
  const kill = () => sipp.kill("SIGKILL");
  process.once("exit", kill);
  const [code] = await once(sipp, "exit");
  process.off("exit", kill);
  const traces = code === 0 ? await readFile(join(folder, "log"), "utf8") : await readAll(folder);
  await rm(folder, { recursive: true });
  if (code !== 0) throw new Error(`sipp ended with ${code}\n${traces}`);
  return traces;
}

/** Whether a process listens at 127.0.0.1:`port` (proc(5), local address in hexadecimal). */
async function isBound(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return (await readFile("/proc/net/udp", "utf8")).includes(`0100007F:${hex} `);
}

async function readAll(folder) {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map(async (name) => `--- ${name}\n${await readFile(join(folder, name), "utf8")}`));
  return texts.join("\n");
}
