// What must be true after any disaster, asked of the API, the ledger and what the carrier saw.
import { callerOf, PACKET_MS } from "./carrier.js";

/** KES 3.00 a minute, billed by the second. */
const MINOR_PER_SECOND = 5;
/** The server hears a packet after it was sent, and writes whole seconds up. */
const SLACK_MS = 300;
const PAGE = 200;
/** Until everything that was left open is closed: a lost call is closed when it is 10 s old, looked for every 5 s. */
const DEADLINE_MS = 60_000;

/** All of a list, newest first. */
export async function all(node, workspace, path) {
  const rows = [];
  let cursor = "";
  do {
    const response = await fetch(`${node.url}${path}?limit=${PAGE}${cursor && `&cursor=${cursor}`}`, { headers: workspace.headers });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    rows.push(...(await response.json()));
    cursor = response.headers.get("x-next-cursor");
  } while (cursor);
  return rows;
}

/** Waits until nothing is open or held; what is still so at the deadline is a fault. */
async function settled(workspace, withinMs) {
  const until = Date.now() + withinMs;
  for (;;) {
    const open = (await workspace.get(`/v1/calls?limit=${PAGE}`)).filter((call) => !call.ended_at || call.cost_minor === null);
    const { held_minor: held } = await workspace.get("/v1/wallet/balance");
    if (open.length === 0 && held === 0) return [];
    if (Date.now() > until) {
      return [`${open.length} calls are open (${open.slice(0, 3).map((call) => `${call.id} ${call.status}`).join(", ")}), ${held} is held`];
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Waits until nobody rings on, and nobody who answered waits for an ACK; who does so at the deadline is a fault. */
async function quiet(carrier) {
  const hangs = ({ callee }) => callee && !callee.endedAt && !callee.acknowledged;
  const until = Date.now() + DEADLINE_MS;
  while (Date.now() < until && [...carrier.calls.values()].some(hangs)) await new Promise((resolve) => setTimeout(resolve, 100));
  const calls = [...carrier.calls.values()];
  return [
    ...calls.filter(hangs).map(({ index }) => `call ${index}: its callee rings on`),
    ...calls.filter(({ callee }) => callee?.gaveUp).map(({ index }) => `call ${index}: its callee answered and nobody was there`),
  ];
}

/**
 * The faults, as sentences; `figures` say what was looked at. `killsOf` says when the node of a caller's leg was killed, where there
 * are several; `withinMs` is how long what was left open may take to be closed.
 */
export async function judge({ node, workspace, carrier, killsOf = () => node.kills, withinMs = DEADLINE_MS }) {
  const faults = [...(await settled(workspace, withinMs)), ...(await quiet(carrier))];
  const records = await all(node, workspace, "/v1/calls");
  const ledger = await all(node, workspace, "/v1/wallet/ledger");
  const entries = ledger.filter((entry) => entry.kind === "call");
  const recordsOf = new Map();
  for (const call of records) recordsOf.set(call.from, [...(recordsOf.get(call.from) ?? []), call]);
  const entryOf = new Map(entries.map((entry) => [entry.id, entry]));
  let [connected, lost, deaf] = [0, 0, 0];
  for (const { index, caller, callee, dialledTwice } of carrier.calls.values()) {
    const say = (what) => faults.push(`call ${index}: ${what}`);
    const mine = recordsOf.get(callerOf(index)) ?? [];
    if (dialledTwice) say("was dialled twice");
    // A call that the server never answered and never dialled on may be unknown to it.
    if (!caller.answeredAt && !callee && mine.length === 0) continue;
    if (mine.length === 0) {
      say("has no record");
      continue;
    }
    for (const record of mine) {
      if (!record.ended_at) say(`is ${record.status}`);
      if (record.hangup_cause === "node_lost") lost += 1;
      const costs = record.cost_minor ?? 0;
      if ((costs > 0) !== Boolean(record.ledger_entry_id)) say(`costs ${costs} and has the entry ${record.ledger_entry_id}`);
      if (record.ledger_entry_id && entryOf.get(record.ledger_entry_id)?.amount_minor !== -costs - record.tax_minor) say("its entry has another amount");
    }
    // An INVITE that a process died over is repeated by the carrier and is a new call to the next one; it is billed once.
    const billed = mine.filter((record) => record.cost_minor > 0);
    if (billed.length > 1) say(`is billed ${billed.length} times`);
    const cost = billed.reduce((sum, record) => sum + record.cost_minor, 0);
    if (!callee?.answeredAt) {
      if (cost > 0) say(`costs ${cost} and nobody was reached`);
      continue;
    }
    connected += 1;
    // Never beyond its last audio: from the callee's answer to the last packet of either side that a server was there to
    // hear. A callee talks until it is told to stop: when this program stood still before that, its packets are late, not over.
    const died = killsOf(caller).find((at) => at > callee.answeredAt) ?? Infinity;
    const talked = Math.max(callee.lastAudioAt ?? 0, caller.lastAudioAt ?? 0, (callee.endedAt ?? 0) - PACKET_MS, callee.answeredAt);
    const last = Math.min(talked, died);
    const most = Math.max(1, Math.ceil((last - callee.answeredAt + SLACK_MS) / 1_000)) * MINOR_PER_SECOND;
    if (cost > most) {
      const seen = (moment) => moment && new Date(moment).toISOString();
      say(`costs ${cost}, its audio ended after ${Math.round(last - callee.answeredAt)} ms (${billed[0].hangup_cause}); the record says `
        + `${billed[0].answered_at} to ${billed[0].ended_at}, the carrier: caller ${seen(caller.invitedAt)} to ${seen(caller.endedAt)}, `
        + `its legs ${JSON.stringify(billed[0].legs)}, callee ${seen(callee.invitedAt)}, answered ${seen(callee.answeredAt)}, to ${seen(callee.endedAt)}`);
    }
    // A leg that was never acknowledged is ended by the carrier itself (RFC 3261 §13.3.1.4).
    for (const leg of [caller, callee]) if (leg.answeredAt && !leg.endedAt && (leg === caller || leg.acknowledged)) deaf += 1;
  }
  const sum = ledger.reduce((total, entry) => total + entry.amount_minor, 0);
  const balance = await workspace.balance();
  if (balance !== sum) faults.push(`the balance is ${balance}, the entries make ${sum}`);
  const { code, output } = await node.command("ledger", "verify");
  if (code !== 0) faults.push(`ledger verify: ${output}`);
  const untold = [...carrier.calls.values()].filter(({ caller }) => caller.heard.has("INVITE") && !caller.answeredAt && !caller.endedAt);
  const figures = {
    calls: carrier.calls.size, connected, records: records.length, entries: entries.length, lost, legs_never_told: deaf, callers_never_told: untold.length,
    ms_the_carrier_stood_still_at_most: Math.round(carrier.stoodStillMs),
  };
  return { faults, figures, verified: output.trim() };
}
