// Events of real calls at a customer's Express server, which verifies them by Node's own crypto, behind the body parsers that
// people really use.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import express from "express";
import { isSigned } from "../callbacks/express.js";
import { startServer } from "../support/server.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const NUMBER = "+254700000001";
const CALLEE = "+254722000042";
const KINDS = ["call.started", "call.answered", "call.completed", "call.billed"];

/** How customers come by the bytes that are signed. */
const PARSERS = {
  raw: [express.raw({ type: "*/*" }), (request) => request.body],
  json: [express.json({ verify: (request, _, bytes) => { request.bytes = bytes; } }), (request) => request.bytes],
  text: [express.text({ type: "application/json" }), (request) => request.body],
  // Nobody should, and many do: what was read is written again.
  again: [express.json(), (request) => JSON.stringify(request.body)],
};

/** A server with an endpoint for each parser. What it was sent is kept, and taken where its signature is good. */
async function startReceiver() {
  const received = [];
  const secrets = {};
  const app = express();
  for (const [name, [parser, bytesOf]] of Object.entries(PARSERS)) {
    app.post(`/${name}`, parser, (request, response) => {
      const bytes = Buffer.from(bytesOf(request));
      const header = request.get("X-Sautikit-Signature");
      const good = isSigned(header, bytes, secrets[name] ?? "");
      received.push({ name, good, header, bytes, event: JSON.parse(bytes), kind: request.get("X-Sautikit-Event") });
      response.sendStatus(good ? 204 : 401);
    });
  }
  const listener = app.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    at: (path) => `http://127.0.0.1:${listener.address().port}${path}`,
    received,
    secrets,
    stop() {
      listener.closeAllConnections();
      listener.close();
    },
  };
}

describe("events of a call", () => {
  let server, receiver, workspace;
  const endpoints = {};

  before(async () => {
    server = await startServer();
    receiver = await startReceiver();
    workspace = await openWorkspace(server.url, { email: "events@example.com", number: NUMBER });
    for (const name of Object.keys(PARSERS)) {
      const made = await workspace.post("/v1/webhooks", { url: receiver.at(`/${name}`), events: ["call.*"] }, 201);
      endpoints[name] = made.id;
      receiver.secrets[name] = made.secret;
    }
  });
  after(async () => {
    receiver?.stop();
    await server?.stop();
  });

  test("every one arrives once, in order, and is verified by what the documentation says", async () => {
    const { call_id } = await workspace.post("/v1/calls", { from: NUMBER, to: CALLEE, actions: [{ pause: { length: 1 } }], metadata: { order: 17 } }, 202);
    for (const name of Object.keys(PARSERS)) {
      const own = () => receiver.received.filter((one) => one.name === name && one.event.data.call_id === call_id);
      await eventually(`the call's events behind ${name}`, () => own().length >= KINDS.length);
      assert.deepEqual(own().map(({ event }) => event.event), KINDS, name);
      assert.deepEqual(own().map(({ event }) => event.sequence), [1, 2, 3, 4]);
      assert.ok(own().every(({ good, kind, event }) => good && kind === event.event_kind));
      assert.ok(own().every(({ event }) => event.data.metadata.order === 17 && event.payload.call_id === call_id));
      const { cost_minor } = await workspace.get(`/v1/calls/${call_id}`);
      assert.equal(own().at(-1).event.data.cost_minor, cost_minor);
    }
  });

  test("a changed byte, a stale timestamp and a wrong secret are refused, whatever parses the body", async () => {
    for (const name of Object.keys(PARSERS)) {
      const { header, bytes } = receiver.received.find((one) => one.name === name);
      const sent = async (path, body, signature) => {
        const headers = { "Content-Type": "application/json", "X-Sautikit-Signature": signature };
        return (await fetch(receiver.at(path), { method: "POST", headers, body })).status;
      };
      assert.equal(await sent(`/${name}`, bytes, header), 204, name);
      const changed = Buffer.from(bytes.toString().replace(CALLEE, CALLEE.replace(/2$/, "3")));
      assert.notDeepEqual(changed, bytes);
      assert.equal(await sent(`/${name}`, changed, header), 401, name);
      const stale = Math.floor(Date.now() / 1_000) - 301;
      const old = createHmac("sha256", receiver.secrets[name]).update(bytes).update(`.${stale}`).digest("hex");
      assert.equal(await sent(`/${name}`, bytes, `t=${stale},v1=${old}`), 401, name);
      // What is signed for one endpoint is not for another.
      const other = name === "raw" ? "json" : "raw";
      assert.equal(await sent(`/${other}`, bytes, header), 401, name);
    }
  });

  test("a secret is rotated without a lost event", async () => {
    const made = await workspace.post(`/v1/webhooks/${endpoints.raw}/rotate-secret`, { grace_seconds: 3600 });
    // The receiver still knows the former one only.
    const { id } = await workspace.post(`/v1/webhooks/${endpoints.raw}/test`, { event: "call.failed" }, 202);
    const delivered = await eventually("the test event", async () => {
      const one = await workspace.get(`/v1/webhooks/deliveries/${id}/attempts`);
      return one.status === "delivered" && one;
    });
    assert.deepEqual(delivered.log.map(({ secret, status }) => [secret, status]), [["endpoint", 401], ["endpoint_former", 204]]);
    receiver.secrets.raw = made.secret;
    const next = await workspace.post(`/v1/webhooks/${endpoints.raw}/test`, {}, 202);
    await eventually("the next one", async () => {
      const one = await workspace.get(`/v1/webhooks/deliveries/${next.id}/attempts`);
      return one.status === "delivered" && one.log.length === 1;
    });
  });

  test("what was told can be asked for", async () => {
    const events = await workspace.get("/v1/events?limit=200");
    const told = new Set(receiver.received.filter(({ name, event }) => name === "json" && !event.test).map(({ event }) => event.id));
    assert.deepEqual(events.map(({ id }) => id).filter((id) => told.has(id)), [...told]);
  });
});
