// What the tests stand on: the server of `end2end/sdks/run.js`, examples as processes of their own, and a fake server.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { promisify } from "node:util";
import { buildSync } from "esbuild";

export const { SAUTIKIT_NUMBER: NUMBER, SAUTIKIT_SIGNING_SECRET: SECRET } = process.env;
/** The sandbox carrier: answers and presses 1 2 3 #; is busy. */
export const PRESSES = "+254722009906";
export const BUSY = "+254722009901";

const example = (name) => new URL(`../examples/${name}.mjs`, import.meta.url).pathname;

/** Runs an example to its end; what it printed. */
export const runExample = async (name, ...args) => (await promisify(execFile)(process.execPath, [example(name), ...args])).stdout;

/** Starts an example that serves; `said` waits for a line that fits. */
export async function serveExample(t, name, env = {}) {
  const port = await freePort();
  const child = spawn(process.execPath, [example(name)], { env: { ...process.env, ...env, PORT: String(port) }, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill());
  let output = "";
  child.stdout.on("data", (piece) => (output += piece));
  await eventually("the example to listen", () => new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true) && socket.destroy()).on("error", () => resolve(false));
  }));
  return { url: `http://127.0.0.1:${port}`, said: (fits) => eventually(`${name} to say ${fits}`, () => fits.exec(output)) };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export async function eventually(what, look, deadline = 30_000) {
  for (const until = Date.now() + deadline; ; ) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`not within ${deadline} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const signature = (body, secret, t = Math.floor(Date.now() / 1_000)) =>
  `t=${t},v1=${createHmac("sha256", secret).update(`${body}.${t}`).digest("hex")}`;

/** A server that answers with each of `answers` in turn and keeps what it was asked. An answer of `"close"` breaks the connection. */
export async function fake(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    requests.push({ method: request.method, url: request.url, headers: request.headers, at: Date.now(), body: Buffer.concat(await request.toArray()).toString() });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    if (answer === "close") return request.socket.destroy();
    if (answer === "silence") return undefined;
    const { status = 200, headers = {}, body = {} } = answer;
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(typeof body === "string" ? body : JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** A refusal as the API writes it. */
export const refused = (status, code, more = {}, headers = {}) =>
  ({ status, headers, body: { error: { code, message: "No.", docs_url: `http://x/docs/errors/${code}`, request_id: "req_1", ...more } } });

/** Modules that the package keeps for itself. */
export async function sources(...names) {
  const contents = names.map((name) => `export * from "./${name}.ts";`).join("\n");
  const { outputFiles: [file] } = buildSync({ stdin: { contents, resolveDir: new URL("../src", import.meta.url).pathname }, bundle: true, platform: "node", format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(file.text).toString("base64")}`);
}

export { assert };
