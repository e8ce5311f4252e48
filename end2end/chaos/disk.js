// The disk is full and then freed, under calls: `node chaos/disk.js [CALLS] [SECONDS FULL]`, environment as for the tests.
// The data folder is a small tmpfs of its own, so this needs root (or CAP_SYS_ADMIN); `canMount` says whether it is there.
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, open, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openScene, report, wait } from "./scene.js";

const run = promisify(execFile);
/** Room for the database and some hundred calls. */
const SIZE = "24m";
const RATE = 10;
const RECOVERY_MS = 3_000;

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

/** Fills the disk for so long under so many calls. */
export async function diskFull(calls, secondsFull) {
  const data = await mkdtemp(join(tmpdir(), "sautikit-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", data]);
  try {
    const scene = await openScene({ data });
    const legs = [];
    for (let index = 0; index < calls; index += 1) {
      legs.push(scene.call(10 * 60_000));
      await wait(1_000 / RATE);
    }
    await wait(1_500);
    const up = legs.filter((leg) => leg.answeredAt && !leg.endedAt);
    const free = await fill(data);
    const early = up.filter((_, place) => place % 2 === 0);
    for (const leg of early) {
      scene.carrier.hangUp(leg);
      await wait((secondsFull * 500) / early.length);
    }
    // The log has room for some writes; then nothing can be recorded.
    let refused;
    for (let tries = 0; tries < 20 && !refused?.refused; tries += 1) {
      refused = scene.call(100);
      await wait((secondsFull * 500) / 20);
    }
    await free();
    await wait(RECOVERY_MS);
    const faults = [];
    if (refused.refused && refused.refused !== 503) faults.push(`a call that could not be recorded was told ${refused.refused}`);
    const cut = up.filter((leg, place) => place % 2 === 1 && leg.endedAt);
    if (cut.length > 0) faults.push(`${cut.length} calls that ran while the disk was full were ended by the ${cut[0].endedBy}`);
    for (const leg of up) scene.carrier.hangUp(leg);
    await wait(1_500);
    const verdict = await scene.judge();
    verdict.faults.unshift(...faults);
    Object.assign(verdict.figures, { up_when_it_filled: up.length, refused: refused.refused ?? 0 });
    if (!(await scene.works())) verdict.faults.push("after the disk is free no call goes through, without a restart");
    await scene.close();
    return verdict;
  } finally {
    await run("umount", [data]);
    await rmdir(data);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [calls, seconds] = [Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 30)];
  const verdict = await diskFull(calls, seconds);
  report(`disk full for ${seconds} s during ${calls} calls`, verdict);
  process.exit(verdict.faults.length > 0 ? 1 : 0);
}
