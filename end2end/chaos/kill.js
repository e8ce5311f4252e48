// kill -9, again and again, under calls: `node chaos/kill.js [KILLS] [CALLS PER SECOND]`, environment as for the tests.
import { openScene, report } from "./scene.js";

/** Calls talk for up to so long, so that a kill meets them in every state. */
const TALK_MS = 4_000;
/** Who is dialled rings for up to so long, so that a kill meets calls that nobody has answered. */
const RINGS_MS = 3_000;
/** Between a start and its kill, at most and at least. */
const LIVES_MS = [500, 4_000];

/** Kills so often under `rate` calls a second; what was found. */
export async function killUnderCalls(kills, rate) {
  const scene = await openScene({ ringsMs: RINGS_MS, ...(process.env.CHAOS_DATABASE && { database: process.env.CHAOS_DATABASE }) });
  await scene.killed(kills, { rate, talkMs: TALK_MS, livesMs: LIVES_MS });
  const verdict = await scene.judge();
  if (!(await scene.works())) verdict.faults.push("after the last kill no call goes through");
  await scene.close();
  return verdict;
}

if (process.argv[1] === import.meta.filename) {
  const [kills, rate] = [Number(process.argv[2] ?? 50), Number(process.argv[3] ?? 100)];
  const verdict = await killUnderCalls(kills, rate);
  report(`kill -9 ${kills} times under ${rate} calls/s`, verdict);
  process.exit(verdict.faults.length > 0 ? 1 : 0);
}
