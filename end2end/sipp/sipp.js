// Runs SIPp with one scenario.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/workspace.js";

/**
 * This process's own loopback address, so that its ports are free whatever else runs on the machine: a port that is only
 * looked for and named in a configuration is somebody else's a moment later.
 */
export const HOST = `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`;
/** Longer than any scenario; SIPp then fails and says where it waited. */
const LIMIT_SECONDS = 90;

/** The end of a trace says what went wrong. */
const TRACE_BYTES = 64 * 1024;

/** Ports that one SIPp may open: the one named, and those of audio and video with their RTCP. */
const PORTS_APART = 10;
let lastPort = 10_000;

/** A port at `HOST` that nothing else of this process has; even, as RTP ports are by custom (RFC 3550 §11). */
export function ownPort() {
  lastPort += PORTS_APART;
  return lastPort;
}

/**
 * A carrier that takes `calls` calls at `port`: listens when this resolves; `done` settles when it has taken them, with
 * what the scenario logged; `log` reads that until then.
 */
export async function carrier(scenario, port, { calls = 1, more = [], listens = "udp" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "sipp-"));
  const done = run(scenario, { folder, port, address: HOST, calls, more });
  // Nobody may be waiting yet when it fails.
  done.catch(() => {});
  await Promise.race([done, eventually(`sipp at ${port}`, () => isBound(port, listens))]);
  return { done, log: () => readFile(join(folder, "log"), "utf8") };
}

/** Calls `number` at the server's SIP address; resolves when all went as written. */
export const caller = async (scenario, number, server, { address = HOST, more = [] } = {}) =>
  run(scenario, {
    folder: await mkdtemp(join(tmpdir(), "sipp-")),
    port: ownPort(), address, calls: 1, more: [...more, "-s", number, server],
  });

/** Gives what the scenario logged; rejects with what SIPp and its trace of messages say. */
async function run(scenario, { folder, port, address, calls, more }) {
  const file = join(folder, "scenario.xml");
  await writeFile(file, scenario);
  const settings = [
    ["-sf", file], ["-i", address], ["-mi", address], ["-m", String(calls)], ["-p", String(port)],
    ["-mp", String(ownPort())], ["-timeout", String(LIMIT_SECONDS)], ["-timeout_error"],
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

/** Whether a process listens at `HOST`:`port` (proc(5), local address in hexadecimal, its bytes from the last). */
async function isBound(port, protocol) {
  const address = HOST.split(".").reverse().map((byte) => hex(Number(byte), 2)).join("");
  return (await readFile(`/proc/net/${protocol}`, "utf8")).includes(`${address}:${hex(port, 4)} `);
}

const hex = (value, digits) => value.toString(16).toUpperCase().padStart(digits, "0");

async function readAll(folder) {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map(async (name) => `--- ${name}\n${await readFile(join(folder, name), "utf8")}`));
  return texts.join("\n");
}
