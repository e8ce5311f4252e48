// A server under attack while it works, and what became of the work.
import { readFile } from "node:fs/promises";
import { HOST } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { attackers } from "./attackers.js";
import { startLoad } from "./load.js";

/** A fresh server, one attack for so long, and so many calls a second of each kind beside it. */
export async function underAttack(name, { seconds, callsPerSecond, datagramsPerSecond, connections }) {
  const { trunks, settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  const server = await startOperated(settings);
  try {
    const workspace = await openWorkspace(server.url);
    const load = await startLoad({ server, workspace, trunk: trunks.carrier, perSecond: callsPerSecond });
    const { sip, url, pid } = server;
    const end = await attackers[name]({ sip, url, perSecond: datagramsPerSecond, many: connections });
    let memoryMb = 0;
    const watch = setInterval(async () => { memoryMb = Math.max(memoryMb, await residentMb(pid).catch(() => 0)); }, 200);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const seen = await load.stop();
    clearInterval(watch);
    await end();
    return { ...seen, memoryMb, setupP99Ms: percentile([...seen.trunk, ...seen.api], 0.99) };
  } finally {
    await server.stop();
  }
}

/** Memory of a process in MB (proc(5), VmRSS). */
async function residentMb(pid) {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))[1]) / 1_024);
}

function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}
