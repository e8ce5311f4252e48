// The disk is full and then freed, under calls: `node chaos/disk.js [CALLS] [SECONDS FULL] [sqlite|postgres]`, environment
// as for the tests. The data folder is a small tmpfs of its own, so this needs root (or CAP_SYS_ADMIN); `canMount` says
// whether it is there. With `postgres` the database, which is elsewhere, is killed for the same time: then neither it nor
// the file beside it takes what ends, and the ends wait in memory.
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, open, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startPostgres } from "./postgres.js";
import { comesBack, halves, openScene, report, wait } from "./scene.js";

const run = promisify(execFile);
/** Room for the database and some hundred calls. */
const SIZE = "24m";
/** Callers that try while the disk is full: its log has room for some writes at first. */
const TRIES = 20;

/** Whether this process may mount. */
export function canMount() {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return process.getuid() === 0;
  } catch {
    return false;
  }
}

/** Fills the file system to the last byte; a function that frees it again. */
async function fill(folder) {
  const path = join(folder, "filler");
  const file = await open(path, "w");
  for (let size = 1 << 20; size >= 1; ) {
    try {
      const { bytesWritten } = await file.write(Buffer.alloc(size));
      if (bytesWritten < size) size >>= 1;
    } catch {
      size >>= 1;
    }
  }
  await file.close();
  return () => rm(path);
}

/** Fills the disk for so long under so many calls; `engine` is `sqlite` or `postgres`. */
export async function diskFull(calls, secondsFull, engine = "sqlite") {
  const data = await mkdtemp(join(tmpdir(), "sautikit-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", data]);
  const postgres = engine === "postgres" ? await startPostgres() : undefined;
  try {
    const scene = await openScene({ data, database: postgres?.url });
    const [early, talking] = halves(await scene.talking(calls));
    const free = await fill(data);
    await postgres?.kill();
    await scene.hangUp(early, secondsFull * 500);
    let refused;
    for (let tries = 0; tries < TRIES && !refused?.refused; tries += 1) {
      refused = scene.call(100);
      await wait((secondsFull * 500) / TRIES);
    }
    const readiness = await fetch(`${scene.node.url}/readyz`);
    const comeBack = async () => {
      await free();
      await postgres?.again();
    };
    // One that the log still had room for is none that had to be refused.
    const verdict = await comesBack(scene, { outage: "the disk was full", talking, refused: refused.refused ? [refused] : [], comeBack });
    if (refused.refused && readiness.ok) verdict.faults.push("a server that refuses calls because nothing can be recorded says that it is ready");
    Object.assign(verdict.figures, { up_when_it_filled: early.length + talking.length, refused: refused.refused ?? 0 });
    return verdict;
  } finally {
    await postgres?.remove();
    await run("umount", [data]);
    await rmdir(data);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [calls, seconds] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 30)];
  let wrong = 0;
  for (const engine of process.argv[4] ? [process.argv[4]] : ["sqlite", "postgres"]) {
    const verdict = await diskFull(calls, seconds, engine);
    report(`disk full for ${seconds} s during ${calls} calls, ${engine}`, verdict);
    wrong += verdict.faults.length;
  }
  process.exit(wrong > 0 ? 1 : 0);
}
