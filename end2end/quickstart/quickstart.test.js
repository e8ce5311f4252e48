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

/** Guides whose blocks of a shell run one after the other, and what they need beside the key. */
const GUIDES = ["quickstart", "place-a-call", "claim-a-number", "record-and-keep", "verify-signatures", "connect-asterisk", "connect-sip-phones"];
/** What a reader sets once, with values of their own. */
const SETTINGS = "export SAUTIKIT_URL=";

/** The guide's blocks as one script, from the number that is claimed. */
async function scriptOf(guide, from) {
  const text = await readFile(new URL(`../../docs/guides/${guide}.md`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, lines]) => lines).filter((lines) => !lines.startsWith(SETTINGS));
  assert.ok(blocks.length > 0, guide);
  return blocks.join("\n").replaceAll("+254700000001", from);
}

test("the guides' blocks run as they stand, in a shell with the key", async () => {
  const { key, from } = await ready();
  for (const guide of GUIDES) {
    const env = { ...process.env, SAUTIKIT_URL: server.url, SAUTIKIT_API_KEY: key };
    const script = await scriptOf(guide, from);
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-euo", "pipefail", "-c", script], { cwd: folder, env });
    assert.ok(stdout.trim(), guide);
  }
});

/** A workspace with money, a number and a key that may do everything. */
async function ready() {
  const send = async (method, path, body, headers = {}) => {
    const init = { method, headers: { "content-type": "application/json", ...headers }, body: body && JSON.stringify(body) };
    const answer = await fetch(server.url + path, init);
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
    return { json: await answer.json().catch(() => undefined), cookie: answer.headers.getSetCookie().find((one) => one.startsWith("sk_session="))?.split(";")[0] };
  };
  await send("POST", "/v1/auth/magic-link", { email: "guides@example.com" });
  const mailed = async () => {
    const { json } = await send("GET", "/dev/mail.json");
    return json.find((mail) => JSON.stringify(mail).includes("guides@example.com"))?.links[0];
  };
  let link;
  while (!(link = await mailed())) await new Promise((resolve) => setImmediate(resolve));
  const { cookie } = await send("POST", "/v1/auth/magic-link/verify", { token: link.split("token=")[1] });
  const signedIn = { cookie };
  const person = { name: "Guide", workspace_name: "Guides", country: "KE", currency: "KES" };
  await send("POST", "/v1/auth/onboarding", person, signedIn);
  await send("POST", "/v1/wallet/top-ups", { method: "mpesa", amount_minor: 500000, phone: "+254722000001" }, signedIn);
  const balance = async () => (await send("GET", "/v1/wallet/balance", undefined, signedIn)).json.available_minor;
  while ((await balance()) <= 0) await new Promise((resolve) => setImmediate(resolve));
  const { json: made } = await send("POST", "/v1/api-keys", { name: "guides" }, signedIn);
  const [free] = (await send("GET", "/v1/numbers/available?country=KE&currency=KES&limit=1", undefined, signedIn)).json;
  await send("POST", `/v1/numbers/${free.id}/claim`, undefined, signedIn);
  return { key: made.key, from: free.number };
}
