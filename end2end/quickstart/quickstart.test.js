// The first call by curl, as README says it, line by line.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startServer } from "../support/server.js";

const README = new URL("../../README.md", import.meta.url);
/** The one thing that differs: where the server listens. */
const ADDRESS = "http://127.0.0.1:4000";

let server, folder;

before(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), "quickstart-"));
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

/** The shell block that begins with the server's address. */
async function block() {
  const [, lines] = new RegExp(`\`\`\`sh\\n(B=${ADDRESS}\\n.*?)\`\`\``, "s").exec(await readFile(README, "utf8"));
  return lines.replace(ADDRESS, server.url);
}

/** The pretty-printed lists that `json.tool` wrote. */
const lists = (output) => [...output.matchAll(/\[\n.*?^\]/gms)].map(([text]) => JSON.parse(text));

/** Runs the block as one shell; the call that it ends with, and what is wrong with it. */
async function walk() {
  const { stdout, stderr } = await promisify(execFile)("bash", ["--norc", "-euo", "pipefail", "-c", await block()], { cwd: folder });
  assert.equal(stderr, "");
  const [[call], ledger] = lists(stdout);
  assert.equal(call.status, "completed");
  assert.ok(call.cost_minor > 0);
  assert.equal(ledger.find((entry) => entry.id === call.ledger_entry_id).amount_minor, -call.cost_minor);
  // Every answer stands on lines of its own.
  for (const line of stdout.split("\n")) assert.ok((line.match(/}\{/g) ?? []).length === 0, line);
  return call;
}

test("README's curl block ends with a completed call that was paid, and again when it is run twice", async () => {
  const [first, second] = [await walk(), await walk()];
  assert.equal(first.from, "+254700000001");
  assert.notEqual(second.id, first.id);
  assert.notEqual(second.from, first.from);
});
