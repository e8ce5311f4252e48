// The database goes away during calls: `node chaos/database.js [CALLS] [SECONDS AWAY] [halt|kill]`, environment as for
// the tests. Half of the calls are hung up while it is away, half after it is back; new ones are refused meanwhile.
import { startPostgres } from "./postgres.js";
import { openScene, report, wait } from "./scene.js";

/** Set-ups a second until all calls are up: below what any machine refuses. */
const RATE = 10;
/** After it is back: longer than the server waits between two tries. */
const RECOVERY_MS = 3_000;

/** Takes PostgreSQL away for so long under so many calls; `how` is `halt` or `kill`. */
export async function databaseAway(calls, secondsAway, how) {
  const postgres = await startPostgres();
  try {
    const scene = await openScene({ database: postgres.url });
    const legs = [];
    for (let index = 0; index < calls; index += 1) {
      legs.push(scene.call(10 * 60_000));
      await wait(1_000 / RATE);
    }
    await wait(1_500);
    const up = legs.filter((leg) => leg.answeredAt && !leg.endedAt);
    await postgres[how]();
    await wait(1_000);
    const refused = scene.call(300);
    const early = up.filter((_, place) => place % 2 === 0);
    for (const leg of early) {
      scene.carrier.hangUp(leg);
      await wait((secondsAway * 500) / early.length);
    }
    await wait(secondsAway * 500);
    await postgres.again();
    await wait(RECOVERY_MS);
    const faults = [];
    const cut = up.filter((leg, place) => place % 2 === 1 && leg.endedAt);
    if (cut.length > 0) faults.push(`${cut.length} calls that ran while the database was away were ended by the ${cut[0].endedBy}`);
    if (refused.answeredAt) faults.push("a call was let in that could not be recorded");
    else if (refused.refused !== 503) faults.push(`a call that could not be recorded was told ${refused.refused ?? "nothing"}`);
    for (const leg of up) scene.carrier.hangUp(leg);
    await wait(1_500);
    const verdict = await scene.judge();
    verdict.faults.unshift(...faults);
    verdict.figures.up_when_it_went = up.length;
    if (!(await scene.works())) verdict.faults.push("after the database is back no call goes through, without a restart");
    await scene.close();
    return verdict;
  } finally {
    await postgres.remove();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [calls, seconds] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 60)];
  let wrong = 0;
  for (const how of process.argv[4] ? [process.argv[4]] : ["halt", "kill"]) {
    const verdict = await databaseAway(calls, seconds, how);
    report(`PostgreSQL ${how === "halt" ? "stopped" : "killed"} for ${seconds} s during ${calls} calls`, verdict);
    wrong += verdict.faults.length;
  }
  process.exit(wrong > 0 ? 1 : 0);
}
