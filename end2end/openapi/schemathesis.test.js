// The API against its own description: schemathesis makes requests from the document, good ones and bad ones, and looks for
// answers that the document does not promise. Three times: with a key, with a session, and without credentials.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServer } from "../support/server.js";
import { Workspace, openWorkspace } from "../support/workspace.js";

const PROGRAM = join(homedir(), ".cache/sautikit/schemathesis/bin/schemathesis");
const SETTINGS = new URL("schemathesis.toml", import.meta.url);
/** The same requests in every run, so that a finding can be repeated. */
const SEED = 20261121;
/** Per endpoint and phase. */
const EXAMPLES = 12;
/** Far above any answer but a stream's, which the call's end closes. */
const TIMEOUT_SECONDS = 30;
/** What its last lines say: `4592 generated, 4559 passed`. */
const COUNT = /(\d+) generated/;

const counts = {};
let server, workspace;

before(async () => {
  // The tester is one client that never rests; what the limits do is tested elsewhere.
  server = await startServer("limits.key_requests_per_second = 0\nlimits.ip_requests_per_second = 0\n");
  workspace = await openWorkspace(server.url);
});

after(async () => {
  await server?.stop();
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(counts).map(([who, count]) => `${who} ${count}`).join(", ");
  // `make test` shows this line at its end.
  console.log(`# schemathesis: ${total} requests as described (${each}), seed ${SEED}`);
});

/** The owner of a workspace of its own, signed in: the cookie's value. */
async function signedIn() {
  const owner = new Workspace(server.url);
  await owner.signIn("juma@example.co.ke");
  await owner.post("/v1/auth/onboarding", { name: "Juma", workspace_name: "Juma", country: "KE", currency: "KES" }, 201);
  await owner.topUp(1_000_000);
  await owner.claim("+254700000002");
  return owner.headers.Cookie.split("=")[1];
}

/** One run with these credentials, by the description's own names for them; what it found, if it found something. */
async function conforms(who, credentials, ...more) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-schemathesis-"));
  try {
    await writeFile(join(folder, "schemathesis.toml"), `${await readFile(SETTINGS)}\n${credentials}`);
    const args = ["run", `${server.url}/v1/openapi.json`, "--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES,
      "--request-timeout", TIMEOUT_SECONDS, "--generation-database", "none", "--no-color", "-H", `Origin: ${server.url}`, ...more];
    const run = spawn(PROGRAM, args.map(String), { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    const output = run.stdout.toArray();
    const code = await new Promise((resolve, reject) => run.once("error", reject).once("exit", resolve));
    const text = Buffer.concat(await output).toString();
    assert.equal(code, 0, text);
    counts[who] = Number(COUNT.exec(text)[1]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// Side by side, each in a workspace of its own: the tester makes up requests for longer than the server answers them.
describe("the API answers as it is described", { concurrency: true }, () => {
  test("with a key", async () => {
    const [, key] = workspace.headers.Authorization.split(" ");
    await conforms("key", `[auth.openapi.api_key]\nbearer = "${key}"\n`);
  });

  test("with a session", async () => {
    const session = `[auth.openapi.session]\napi_key = "${await signedIn()}"\n`;
    // Signing out would leave nothing to ask with; it comes last.
    await conforms("session", session, "--exclude-path", "/v1/auth/logout");
    await conforms("sign-out", session, "--include-path", "/v1/auth/logout");
  });

  test("without credentials", () => conforms("nobody", ""));
});
