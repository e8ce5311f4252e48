// `sautikit listen` and `sautikit trigger` as developers use them: the real binary beside a real server, and an Express server on
// the developer's own machine that is reachable from nowhere else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import express from "express";
import { isSigned } from "../callbacks/express.js";
import { binary, startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const NUMBER = "+254700000001";

/** The developer's server: keeps events, and steers calls. */
async function startDeveloper() {
  const developer = { secret: "", events: [], callbacks: [] };
  const app = express();
  const raw = express.raw({ type: "*/*" });
  const good = (request) => isSigned(request.get("X-Sautikit-Signature"), request.body, developer.secret);
  app.post("/events", raw, (request, response) => {
    developer.events.push({ good: good(request), kind: request.get("X-Sautikit-Event"), event: JSON.parse(request.body) });
    response.sendStatus(204);
  });
  app.post("/voice", raw, (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(request.body.toString()));
    developer.callbacks.push({ good: good(request), form, query: request.query });
    response.json({ actions: [{ say: { text: "Karibu" } }] });
  });
  const listener = app.listen(0, "127.0.0.1");
  await once(listener, "listening");
  developer.url = `http://127.0.0.1:${listener.address().port}/events`;
  developer.stop = () => listener.closeAllConnections() ?? listener.close();
  return developer;
}

/** Starts the command line; its lines so far, and the secret once it is ready. */
async function startListening(...args) {
  const command = spawn(binary, ["listen", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = [];
  createInterface(command.stdout).on("line", (line) => lines.push(line));
  const secret = await eventually("a listener that is ready", () => lines.join("\n").match(/signing secret: (whsec_\w+)/)?.[1]);
  return { lines, secret, async stop() { command.kill("SIGINT"); await once(command, "exit"); } };
}

describe("a developer's machine", () => {
  let server, developer, workspace, key, listening;

  before(async () => {
    server = await startServer();
    developer = await startDeveloper();
    workspace = await openWorkspace(server.url, { email: "developer@example.com", number: NUMBER });
    key = workspace.headers.Authorization.slice("Bearer ".length);
    // Nobody is there: without the listener a call says so.
    await workspace.route({ voice_callback_url: "http://127.0.0.1:1999/voice?menu=main" });
    listening = await startListening("--forward", developer.url, "--number", NUMBER, "--key", key, "--server", server.url);
    developer.secret = listening.secret;
  });
  after(async () => {
    await listening?.stop();
    developer?.stop();
    await server?.stop();
  });

  test("answers a call, and hears of it, by a connection that it opened itself", async () => {
    await workspace.callUs();
    const call = await workspace.newestBilled(({ direction }) => direction === "inbound");
    assert.equal(call.status, "completed");
    assert.ok(developer.callbacks.length >= 1 && developer.callbacks.every(({ good }) => good));
    const [{ query, form }] = developer.callbacks;
    assert.deepEqual([query.menu, form.To ?? form.to], ["main", NUMBER]);
    const own = () => developer.events.filter(({ event }) => event.data.call_id === call.id);
    await eventually("its end", () => own().some(({ kind }) => kind === "call.completed"));
    const told = (await workspace.get("/v1/events?limit=200")).filter(({ data }) => data.call_id === call.id);
    await eventually("every event of it", () => own().length >= told.length);
    assert.deepEqual(own().map(({ event }) => event), told);
    assert.deepEqual(own().slice(0, 3).map(({ kind }) => kind), ["call.started", "call.answered", "call.completed"]);
    assert.ok(own().every(({ good }) => good));
    const spoken = (await workspace.get(`/v1/calls/${call.id}/events`)).map(({ kind }) => kind);
    assert.ok(!spoken.includes("callback.failed"), spoken.join());
    assert.ok(listening.lines.some((line) => /^voice callback \/voice\?menu=main -> 200 in \d+ ms$/.test(line)), listening.lines.join("\n"));
  });

  test("sends itself one of each kind", async () => {
    const kinds = (await workspace.get("/v1/webhooks/kinds")).map(({ event }) => event);
    const before = developer.events.length;
    const { code, output } = await run("trigger", "*");
    assert.equal(code, 0, output);
    await eventually("one of each", () => developer.events.length >= before + kinds.length);
    const came = developer.events.slice(before);
    assert.deepEqual(came.map(({ kind }) => kind), kinds);
    assert.ok(came.every(({ good, event }) => good && event.test === true));
    const unknown = await run("trigger", "call.begun");
    assert.equal(unknown.code, 1);
  });

  test("or one to an endpoint of the workspace", async () => {
    const { id } = await workspace.post("/v1/webhooks", { url: developer.url, events: ["wallet.*"] }, 201);
    const { code, output } = await run("trigger", "call.completed", "--webhook", id);
    assert.equal(code, 0, output);
    const [{ event, webhook_id }] = await workspace.get("/v1/webhooks/deliveries?limit=1");
    assert.deepEqual([event, webhook_id], ["call.completed", id]);
  });

  test("is told what signs, without listening", async () => {
    const command = spawn(binary, ["listen", "--print-secret", "--key", key, "--server", server.url], { stdio: ["ignore", "pipe", "inherit"] });
    const output = Buffer.concat(await command.stdout.toArray()).toString().trim();
    assert.equal(output, listening.secret);
  });

  async function run(...args) {
    const command = spawn(binary, [...args, "--server", server.url], { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, SAUTIKIT_API_KEY: key } });
    const output = command.stdout.toArray();
    const [code] = await once(command, "exit");
    return { code, output: Buffer.concat(await output).toString() };
  }
});
