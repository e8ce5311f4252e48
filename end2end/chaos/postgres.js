// A PostgreSQL of a program's own, made by scripts/postgres-for-tests.sh, that is stopped, killed and started again.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const script = new URL("../../scripts/postgres-for-tests.sh", import.meta.url).pathname;
const run = promisify(execFile);
const call = async (...args) => (await run(script, args, { env: { ...process.env, SAUTIKIT_POSTGRES_DURABLE: "on" } })).stdout.trim();

/** Starts a fresh one. Its commits wait for the disk: what was told is there after a kill. */
export async function startPostgres() {
  const url = await call("start");
  return {
    url,
    /** Ends connections and stops, as an operator does. */
    halt: () => call("halt", url),
    /** kill -9, all of its processes. */
    kill: () => call("kill", url),
    again: () => call("again", url),
    /** Nothing is answered any more, on connections that stand: as behind a cut line, or a disk that hangs. */
    freeze: () => call("freeze", url),
    thaw: () => call("thaw", url),
    remove: () => call("stop", url),
  };
}
