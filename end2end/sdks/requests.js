// Runs every request of the API's reference as its pages show it, with curl and each SDK, against a server that writes down
// what it is asked and answers as the description's examples do. What arrives has to be what the description says.
//
//   node sdks/requests.js        after sdks/run.js, whose preparations it needs; PYTHON as there
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../support/server.js";

const SDKS = new URL("../../sdks/", import.meta.url).pathname;
const PYTHON = process.env.PYTHON ?? "python3";
const LANGUAGES = ["curl", "Node.js", "Python", "Go", "PHP"];
const ENTITIES = { "&quot;": '"', "&#x27;": "'", "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Every block of a request on the pages of the reference: `{ request, language, code }`. */
async function shownExamples() {
  const list = await (await fetch(`${server.url}/docs/api`)).text();
  const groups = new Set([...list.matchAll(/href="(\/docs\/api\/[^"#]+)/g)].map(([, href]) => href));
  assert.ok(groups.size > 10, `${groups.size} groups`);
  const examples = [];
  for (const group of groups) {
    const html = (await (await fetch(server.url + group)).text()).replaceAll(/<!(?:--.*?--)?>/gs, "");
    for (const [, language, request, code] of html.matchAll(/<summary>([^<]+)<\/summary><div class="codeblock"><pre[^>]*><code[^>]*data-request="([^"]+)"[^>]*>([^<]*)<\/code>/g)) {
      examples.push({ language, request, code: code.replaceAll(/&(?:#?\w+);/g, (entity) => ENTITIES[entity] ?? entity) });
    }
  }
  return examples;
}

/** Method, pattern of the path, example of the body and of the answer. */
function operationsOf(description) {
  const resolved = (value) => (value?.$ref ? resolved(value.$ref.slice(2).split("/").reduce((at, part) => at[part.replaceAll("~1", "/")], description)) : value);
  return Object.entries(description.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => {
    const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`);
    const sent = resolved(operation.requestBody)?.content["application/json"];
    const [status, answer] = Object.entries(operation.responses).map(([code, one]) => [code, resolved(one)]).find(([code]) => code.startsWith("2")) ?? ["204", {}];
    const [type, content] = Object.entries(answer.content ?? {})[0] ?? [];
    const schema = resolved(content?.schema);
    const example = content?.example ?? schema?.example ?? (schema?.type === "array" ? [resolved(schema.items)?.example].filter(Boolean) : {});
    return { name: `${method.toUpperCase()} ${path}`, path, method: method.toUpperCase(), pattern, body: sent && (sent.example ?? resolved(sent.schema).example), status: Number(status), type, example };
  }));
}

/** What null is merely left out, and a list of one may be its only value. */
function plain(value) {
  if (Array.isArray(value)) return value.length === 1 ? plain(value[0]) : value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null).map(([name, one]) => [name, plain(one)]));
}

const asked = [];

async function record(request, response) {
  const text = Buffer.concat(await request.toArray()).toString();
  const path = request.url.split("?")[0];
  // `/v1/calls/stats` is no `/v1/calls/{id}`: the pattern with fewer names is meant.
  const fitting = record.operations.filter((one) => one.method === request.method && one.pattern.test(path));
  const [operation] = fitting.sort((one, other) => one.path.split("{").length - other.path.split("{").length);
  if (!operation) return response.writeHead(404).end();
  asked.push({ name: operation.name, operation, body: text ? plain(JSON.parse(text)) : undefined });
  // A stream that is over at once.
  if (operation.type === "text/event-stream" || operation.status === 204) return response.writeHead(204).end();
  if (operation.type !== "application/json") return response.writeHead(operation.status, { "Content-Type": operation.type ?? "text/plain" }).end("a,b\n");
  return response.writeHead(operation.status, { "Content-Type": "application/json" }).end(JSON.stringify(operation.example));
}

/** Runs a program until its end, which has to be a good one. */
async function ended(program, args, options = {}) {
  const env = { ...process.env, SAUTIKIT_URL: address, SAUTIKIT_BASE_URL: address, SAUTIKIT_API_KEY: "skt_test_of_the_reference", SAUTIKIT_SESSION: "a-session", GOPROXY: "off", GOFLAGS: "-mod=mod" };
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], ...options, env: { ...env, ...options.env } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  const [code] = await once(child, "close");
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${output.slice(-4_000)}`);
}

const indented = (code, by) => code.split("\n").map((line) => by + line).join("\n");

const run = {
  async curl(examples) {
    for (const { code } of examples) await ended("bash", ["-euc", code.replace(/^curl /, "curl -sf ")]);
  },

  async "Node.js"(examples) {
    const blocks = examples.map(({ code }) => `await (async () => {\n${indented(code, "  ")}\n})();`);
    const file = join(folder, "requests.mjs");
    await writeFile(file, `import { Sautikit } from "${SDKS}node/dist/index.mjs";\nconst client = new Sautikit();\n${blocks.join("\n")}\n`);
    await ended("node", [file]);
  },

  async Python(examples) {
    const blocks = examples.map(({ code }, at) => `def request_${at}():\n${indented(code, "    ")}\n\nrequest_${at}()`);
    const file = join(folder, "requests.py");
    await writeFile(file, `from sautikit import Sautikit\nclient = Sautikit()\n${blocks.join("\n")}\n`);
    await ended(PYTHON, ["-B", file], { env: { PYTHONPATH: `${SDKS}python/src` } });
  },

  async Go(examples) {
    const module = join(folder, "go");
    await mkdir(module);
    const functions = examples.map(({ code }, at) => `func request${at}(ctx context.Context, client *sautikit.Client) error {\n${indented(code, "\t")}\n\treturn nil\n}`);
    const calls = examples.map((_, at) => `\tif err := request${at}(ctx, client); err != nil {\n\t\tlog.Fatal(${at}, err)\n\t}`);
    await writeFile(join(module, "go.mod"), `module requests\n\ngo 1.19\n\nrequire github.com/sautikit/sautikit-go v0.0.0\n\nreplace github.com/sautikit/sautikit-go => ${SDKS}go\n`);
    await writeFile(join(module, "main.go"), `package main

import (
\t"context"
\t"fmt"
\t"log"
\t"time"

\t"github.com/sautikit/sautikit-go"
)

// Not every example needs them.
var _, _ = fmt.Sprint, time.Now

func main() {
\tctx := context.Background()
\tclient, err := sautikit.New()
\tif err != nil {
\t\tlog.Fatal(err)
\t}
${calls.join("\n")}
}

${functions.join("\n\n")}
`);
    await ended("go", ["run", "."], { cwd: module });
  },

  async PHP(examples) {
    const blocks = examples.map(({ code }) => `(function () use ($client) {\n${indented(code, "    ")}\n})();`);
    const file = join(folder, "requests.php");
    await writeFile(file, `<?php\nrequire '${SDKS}php/vendor/autoload.php';\n$client = new Sautikit\\Client();\n${blocks.join("\n")}\n`);
    await ended("php", [file]);
  },
};

const server = await startServer();
const folder = await mkdtemp(join(tmpdir(), "sautikit-requests-"));
const recorder = createServer(record);
recorder.listen(0, "127.0.0.1");
await once(recorder, "listening");
const address = `http://127.0.0.1:${recorder.address().port}`;
try {
  const description = await (await fetch(`${server.url}/v1/openapi.json`)).json();
  record.operations = operationsOf(description);
  const examples = await shownExamples();
  for (const language of LANGUAGES) {
    const own = examples.filter((one) => one.language === language);
    asked.length = 0;
    await run[language](own);
    const wrong = own.filter(({ request }) => !asked.some((one) => one.name === request)).map(({ request }) => request);
    assert.deepEqual(wrong, [], `${language} did not send these`);
    assert.equal(asked.length, own.length, `${language} sent ${asked.length} requests for ${own.length} examples`);
    for (const { name, body, operation } of asked) assert.deepEqual(body, plain(operation.body ?? undefined), `${language}: ${name}`);
    console.log(`reference: ${own.length} examples sent with ${language}`);
  }
} finally {
  recorder.close();
  recorder.closeAllConnections();
  await server.stop();
  await rm(folder, { recursive: true });
}
