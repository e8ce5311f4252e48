// Each attack for a minute beside 20 calls a second from a trunk and 20 of the API: `node bench/attacks.js [SECONDS] [NAME…]`,
// environment as for the tests (SAUTIKIT_BIN: a release build). Prints a line per attack: calls, failures, the 99th
// percentile of set-up (INVITE to 200; request to INVITE) and the most memory.
import { attackers } from "../attacks/attackers.js";
import { underAttack } from "../attacks/scene.js";

const [seconds = "60", ...names] = process.argv.slice(2);
const long = { seconds: Number(seconds), callsPerSecond: 20, datagramsPerSecond: 9_000, connections: 1_000 };
const chosen = Object.keys(attackers).filter((name) => names.length === 0 || names.some((part) => name.includes(part)));

/** What failed, without what is another for each: numbers, ids and the rest of the answer. */
const kindOf = (failure) => /"code":"([^"]+)"/.exec(failure)?.[1] ?? failure.split("\n")[0].replace(/\+\d+/g, "…");

for (const name of chosen) {
  const { trunk, api, failures, setupP99Ms, memoryMb } = await underAttack(name, long);
  console.log(`${name}: ${trunk.length} + ${api.length} calls, ${failures.length} failed, set-up p99 ${setupP99Ms} ms, ${memoryMb} MB`);
  const counts = {};
  for (const failure of failures) counts[kindOf(failure)] = (counts[kindOf(failure)] ?? 0) + 1;
  for (const [kind, count] of Object.entries(counts)) console.log(`  ${count} × ${kind}`);
}
process.exit(0);
