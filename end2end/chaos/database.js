// The database goes away during calls: `node chaos/database.js [CALLS] [SECONDS AWAY] [halt|kill|freeze]`, environment as for
// the tests. Half of the calls are hung up while it is away, half after it is back; new ones are refused meanwhile.
import { startPostgres } from "./postgres.js";
import { comesBack, halves, openScene, report, wait } from "./scene.js";

/** New callers while it is away: the first at once, when connections were used a moment ago, and the last when nothing was for long. */
const CALLERS = 12;
const CALLS_EVERY_MS = 150;

/** Takes PostgreSQL away for so long under so many calls; `how` is `halt`, `kill` or `freeze`. */
export async function databaseAway(calls, secondsAway, how) {
  const postgres = await startPostgres();
  try {
    const scene = await openScene({ database: postgres.url });
    const [early, talking] = halves(await scene.talking(calls));
    await postgres[how]();
    const refused = [];
    while (refused.length < CALLERS) {
      refused.push(scene.call(300));
      await wait(CALLS_EVERY_MS);
    }
    await scene.hangUp(early, secondsAway * 500);
    await wait(secondsAway * 500);
    const verdict = await comesBack(scene, { outage: "the database was away", talking, refused, comeBack: how === "freeze" ? postgres.thaw : postgres.again });
    verdict.figures.up_when_it_went = early.length + talking.length;
    return verdict;
  } finally {
    await postgres.remove();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [calls, seconds] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 60)];
  let wrong = 0;
  for (const how of process.argv[4] ? [process.argv[4]] : ["halt", "kill", "freeze"]) {
    const verdict = await databaseAway(calls, seconds, how);
    report(`PostgreSQL ${{ halt: "stopped", kill: "killed", freeze: "frozen" }[how]} for ${seconds} s during ${calls} calls`, verdict);
    wrong += verdict.faults.length;
  }
  process.exit(wrong > 0 ? 1 : 0);
}
