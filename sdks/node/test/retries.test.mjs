// What is sent again, and when.
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { ApiError, ConnectionError, RateLimitedError, Sautikit, ServiceError, TimeoutError } from "sautikit";
import { assert, eventually, fake, refused } from "./support.mjs";

const clientOf = ({ url }, options) => new Sautikit({ apiKey: "skt_live_x", baseUrl: url, ...options });
const ACCEPTED = { status: 202, body: { call_id: "c", a_new_member: 1 } };
const CALL = { from: "+254700000001", to: "+254722000042" };

test("a 429 is sent again after the seconds that Retry-After asks for", async (t) => {
  const server = await fake(t, refused(429, "rate_limited", {}, { "Retry-After": "1" }), ACCEPTED);
  await clientOf(server).calls.create(CALL);
  const [first, second] = server.requests;
  assert.ok(second.at - first.at >= 1_000);
  assert.match(first.headers["idempotency-key"], /^[0-9a-f-]{36}$/);
  assert.equal(second.headers["idempotency-key"], first.headers["idempotency-key"]);
  assert.equal(second.body, first.body);
});

test("a 503 is sent again twice, and then it is an error", async (t) => {
  const server = await fake(t, refused(503, "service.draining"));
  await assert.rejects(clientOf(server).calls.get("c"), ServiceError);
  assert.equal(server.requests.length, 3);
});

test("a lost connection is sent again", async (t) => {
  const server = await fake(t, "close", ACCEPTED);
  assert.equal((await clientOf(server).calls.create(CALL)).a_new_member, 1);
  assert.equal(server.requests[0].headers["idempotency-key"], server.requests[1].headers["idempotency-key"]);
});

test("a POST without a key is never sent again", async (t) => {
  for (const answer of [refused(503, "service.draining"), refused(429, "rate_limited"), "close"]) {
    const server = await fake(t, answer);
    await assert.rejects(clientOf(server).calls.hangUp("c"));
    assert.equal(server.requests.length, 1);
    assert.equal(server.requests[0].headers["idempotency-key"], undefined);
  }
});

test("what waiting does not mend is not sent again", async (t) => {
  for (const answer of [refused(400, "validation.bad_request"), refused(402, "wallet.insufficient_funds"), refused(429, "rate_limited", {}, { "Retry-After": "3600" })]) {
    const server = await fake(t, answer);
    await assert.rejects(clientOf(server).calls.get("c"), ApiError);
    assert.equal(server.requests.length, 1);
  }
});

test("a first request that is still at work is waited for", async (t) => {
  const server = await fake(t, refused(409, "idempotency.conflict", { details: { reason: "in_progress" } }), ACCEPTED);
  assert.equal((await clientOf(server).calls.create(CALL)).call_id, "c");
});

test("options of one request outrank the client's", async (t) => {
  const server = await fake(t, refused(429, "rate_limited"));
  await assert.rejects(clientOf(server).calls.create(CALL, { maxRetries: 0, idempotencyKey: "mine", headers: { "X-Request-Id": "r" } }), RateLimitedError);
  assert.equal(server.requests.length, 1);
  const { headers } = server.requests[0];
  assert.equal(headers["idempotency-key"], "mine");
  assert.equal(headers["x-request-id"], "r");
  assert.match(headers["user-agent"], /^sautikit-node\/\d+\.\d+\.\d+ /);
});

test("an answer that does not come in time is a TimeoutError", async (t) => {
  const server = await fake(t, "silence");
  await assert.rejects(clientOf(server, { timeout: 100, maxRetries: 1 }).calls.get("c"), TimeoutError);
  // The second may be given up before the fake has read it.
  await eventually("both requests", () => server.requests.length === 2);
});

test("a request that is given up stops at once", async (t) => {
  const server = await fake(t, "silence");
  const given = new AbortController();
  const answer = clientOf(server).calls.get("c", { signal: given.signal });
  given.abort();
  await assert.rejects(answer, { name: "AbortError" });
});

test("errors say all that the API says, and what a proxy says is an error too", async (t) => {
  const server = await fake(t, refused(400, "calls.of_the_future", { field: "to", details: { a: 1 } }), { status: 502, headers: { "Content-Type": "text/html" }, body: "<h1>Bad gateway</h1>" });
  const client = clientOf(server, { maxRetries: 0 });
  const error = await client.calls.get("c").catch((error) => error);
  assert.deepEqual([error.name, error.status, error.code, error.field, error.requestId, error.docsUrl, error.details],
    ["CallsError", 400, "calls.of_the_future", "to", "req_1", "http://x/docs/errors/calls.of_the_future", { a: 1 }]);
  const second = await client.calls.get("c").catch((error) => error);
  assert.deepEqual([second.name, second.status, second.code], ["ApiError", 502, undefined]);
});

test("a redirect is not followed, so that the key goes nowhere else", async (t) => {
  const other = await fake(t, { body: {} });
  const server = await fake(t, { status: 307, headers: { Location: other.url } });
  await assert.rejects(clientOf(server).calls.get("c"), ApiError);
  assert.equal(other.requests.length, 0);
});

test("nobody listens: a ConnectionError", async () => {
  await assert.rejects(new Sautikit({ apiKey: "k", baseUrl: "http://127.0.0.1:9", maxRetries: 0 }).calls.get("c"), ConnectionError);
});

test("events are read as they come, and leaving the loop closes the connection", async (t) => {
  let closed;
  const server = createServer((request, response) => {
    response.on("close", () => (closed = true));
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": hello\r\nid: 1\r\nevent: call.ringing\r\ndata: {\r\ndata: }\r\n\r\nid: 2\ndata:x\n\n");
  }).listen(0, "127.0.0.1");
  t.after(() => server.closeAllConnections() ?? server.close());
  await once(server, "listening");
  const seen = [];
  for await (const event of clientOf({ url: `http://127.0.0.1:${server.address().port}` }).calls.stream("c")) {
    if (seen.push({ ...event }) === 2) break;
  }
  assert.deepEqual(seen, [{ id: "1", event: "call.ringing", data: "{\n}" }, { id: "2", data: "x" }]);
  await eventually("the connection to close", () => closed);
});
