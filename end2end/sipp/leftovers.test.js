// Two thousand calls, one after the other and some at once: nothing of them is left in the server's process.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startCustomer } from "../support/customer.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { HOST, ownPort } from "./sipp.js";

const CALLS = 2_000;
/** Fill pools, caches and the allocator's arenas first. */
const WARM_UP = 200;
/** At the same time: no more than a busy server always lets in. */
const AT_ONCE = 6;
/** SIPp begins a call whenever there is room; this rate is above what comes. */
const RATE = 200;
/** Connections to the API and to callbacks that stay open for the next request come and go. */
const CONNECTIONS = 4;
/** What an allocator may keep of 2,000 calls: five kilobytes of each. Kept records, timers or legs would be ten times that. */
const KEPT_KIB = 10_240;
/** A SIP transaction outlives its call by half a minute (RFC 3261 timers H and J); freed memory goes back after ten seconds. */
const FORGOTTEN_MS = 120_000;

/** All of it on a busy machine, unoptimised. */
const LIMIT_MS = 480_000;

let server, customer, folder, answering, number;

const sipp = (...options) => spawn("sipp", ["-i", HOST, "-nostdin", ...options], { cwd: folder, stdio: "ignore" });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sipp-"));
  const port = ownPort();
  answering = sipp("-sn", "uas", "-p", String(port));
  process.once("exit", () => answering.kill("SIGKILL"));
  // So few connections to the database that the warm-up opens all of them.
  server = await startOperated(`sandbox.enabled = true
database.max_connections = 3

[[trunk]]
name = "carrier"
address = "${HOST}:${port}"
prefixes = ["+"]
`);
  const asha = await openWorkspace(server.url);
  number = asha.number;
  customer = await startCustomer(asha);
  customer.answers = ({ CallStatus }) => ({ actions: CallStatus === "ringing" ? [{ dial: { to: "+254722000042" } }] : [] });
  await asha.route({ voice_callback_url: `${customer.url}/voice` });
});

after(async () => {
  answering?.kill("SIGKILL");
  customer?.stop();
  await server?.stop();
  await rm(folder, { recursive: true });
});

/** Each is dialled on, answered and hung up; how many failed. */
async function calls(count) {
  const caller = sipp("-sn", "uac", "-s", number.slice(1), "-r", String(RATE), "-l", String(AT_ONCE), "-m", String(count), server.sip);
  const [code] = await once(caller, "exit");
  customer.callbacks.length = 0;
  return code;
}

/** Open sockets, files and others of the process, counted. */
async function descriptors() {
  const count = { sockets: 0, files: 0, others: 0 };
  for (const name of await readdir(`/proc/${server.pid}/fd`)) {
    // One that was closed meanwhile counts no more.
    const target = await readlink(`/proc/${server.pid}/fd/${name}`).catch(() => "");
    if (target) count[target.startsWith("socket:") ? "sockets" : target.startsWith("/") ? "files" : "others"] += 1;
  }
  return count;
}

/** What the process holds once transactions and memory are forgotten, at the latest after `FORGOTTEN_MS`. */
async function held(isEnough) {
  const until = Date.now() + FORGOTTEN_MS;
  for (;;) {
    const { calls, sip_sessions, sip_transactions, media_ports, media_rtp_pairs, tasks } = await server.metrics();
    const status = await readFile(`/proc/${server.pid}/status`, "utf8");
    const state = {
      calls, sip_sessions, sip_transactions, media_ports, media_rtp_pairs, tasks,
      ...(await descriptors()),
      resident_kib: Number(/RssAnon:\s+(\d+)/.exec(status)[1]),
    };
    if (isEnough(state) || Date.now() > until) return state;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const isForgotten = (state) => state.calls === 0 && state.sip_transactions === 0;

test(`${CALLS} calls leave no descriptor, task, transaction, port or memory behind`, { timeout: LIMIT_MS }, async () => {
  assert.equal(await calls(WARM_UP), 0, "all calls go through");
  const before = await held(isForgotten);
  assert.equal(await calls(CALLS), 0, "all calls go through");
  const isBack = (state) => isForgotten(state) && state.resident_kib <= before.resident_kib + KEPT_KIB
    && state.sockets <= before.sockets + CONNECTIONS && state.files <= before.files && state.others <= before.others
    && state.tasks <= before.tasks + CONNECTIONS;
  const after = await held(isBack);
  assert.ok(isBack(after), `before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
  for (const what of ["sip_sessions", "media_ports", "media_rtp_pairs"]) assert.equal(after[what], 0, what);
});
