// Kamailio before the nodes, as an operator runs it: `deploy/kamailio/kamailio.cfg`, unchanged, with lists of nodes and carriers.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CONFIG = join(import.meta.dirname, "../../deploy/kamailio/kamailio.cfg");
const BINARY = "/usr/sbin/kamailio";
/** Until it answers on a busy machine. */
const START_MS = 30_000;
const ASKED_EVERY_MS = 100;

/** Asks who listens at a port whether it is there, from an address of ours, until it says so or `withinMs` have passed: whether it did. */
export async function answers(port, from = "127.0.0.1", withinMs = START_MS) {
  const socket = createSocket("udp4").bind(0, from);
  await once(socket, "listening");
  const local = `${from}:${socket.address().port}`;
  const ask = () => socket.send([`OPTIONS sip:127.0.0.1:${port} SIP/2.0`, `Via: SIP/2.0/UDP ${local};branch=z9hG4bK${Date.now()}`,
    "Max-Forwards: 1", `From: <sip:asks@${local}>;tag=1`, `To: <sip:127.0.0.1:${port}>`, `Call-ID: asks-${Date.now()}`, "CSeq: 1 OPTIONS",
    "Content-Length: 0", "", ""].join("\r\n"), port, "127.0.0.1");
  const timer = setInterval(ask, ASKED_EVERY_MS);
  try {
    ask();
    await once(socket, "message", { signal: AbortSignal.timeout(withinMs) });
    return true;
  } catch {
    return false;
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** Listens at `port` and leads calls to the nodes that listen at `nodePorts`. */
export async function startKamailio(port, nodePorts) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-kamailio-"));
  const list = join(folder, "nodes.list");
  await writeFile(list, nodePorts.map((node) => `1 sip:127.0.0.1:${node} 0 0\n`).join(""));
  const carriers = join(folder, "carriers.list");
  await writeFile(carriers, "1 127.0.0.1 32 0\n");
  const kamailio = spawn(BINARY, ["-f", CONFIG, "-A", `NODES="${list}"`, "-A", `CARRIERS="${carriers}"`, "-l", `udp:127.0.0.1:${port}`,
    "-DD", "-E", "-m", "32", "-M", "4", "-Y", folder, "-P", join(folder, "pid")], { stdio: ["ignore", "ignore", "inherit"] });
  const end = () => kamailio.kill("SIGKILL");
  process.once("exit", end);
  if (!(await answers(port))) throw new Error(`Kamailio did not answer within ${START_MS} ms`);
  return {
    async stop() {
      process.off("exit", end);
      if (kamailio.exitCode === null) {
        kamailio.kill("SIGTERM");
        await once(kamailio, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
