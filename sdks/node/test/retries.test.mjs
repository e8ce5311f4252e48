// What is sent again, and when.
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { ApiError, ArgumentError, ConnectionError, RateLimitedError, Sautikit, SautikitError, ServiceError, TimeoutError, VoiceResponse } from "sautikit";
import { assert, eventually, fake, refused, sources } from "./support.mjs";

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

test("a key that is given as a header is sent as it is, whatever its case", async (t) => {
  const server = await fake(t, ACCEPTED);
  for (const name of ["Idempotency-Key", "idempotency-key"]) {
    await clientOf(server).calls.create(CALL, { headers: { [name]: "mine" } });
    await clientOf(server, { headers: { [name]: "mine" } }).calls.create(CALL);
  }
  await clientOf(server).request({ method: "POST", path: "/v1/new" }, { idempotencyKey: "mine" });
  await clientOf(server).request({ method: "POST", path: "/v1/new" }, { headers: { "idempotency-key": "mine" } });
  await clientOf(server).request({ method: "POST", path: "/v1/new" }, { idempotencyKey: null });
  assert.deepEqual(server.requests.map(({ headers }) => headers["idempotency-key"]), [...Array(6).fill("mine"), undefined]);
});

test("headers of one request outrank the client's, and these our own", async (t) => {
  const server = await fake(t, { body: {} });
  await clientOf(server, { headers: { "user-agent": "mine/1", "X-Tag": "client" } }).calls.get("c", { headers: { "x-tag": "request" } });
  const { headers } = server.requests[0];
  assert.deepEqual([headers["user-agent"], headers["x-tag"]], ["mine/1", "request"]);
  await assert.rejects(clientOf(server).calls.get("c", { headers: { "no name": "x" } }), { name: "ArgumentError" });
});

test("a key is not sent where none is taken, and makes nothing be sent again", async (t) => {
  const server = await fake(t, refused(503, "service.draining"));
  await assert.rejects(clientOf(server).calls.hangUp("c", { idempotencyKey: "mine", headers: { "idempotency-key": "mine" } }));
  assert.equal(server.requests.length, 1);
  assert.equal(server.requests[0].headers["idempotency-key"], undefined);
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

test("a proxy's own errors are errors too, whatever they are made of", async (t) => {
  const all = { code: 502, message: ["no"], field: {}, docs_url: 1, request_id: null };
  const server = await fake(t, ...[{ error: all }, { error: "no" }, { error: null }, [], { error: { code: "constructor.x" } }, { error: { code: "__proto__" } }].map((body) => ({ status: 502, body })));
  const client = clientOf(server, { maxRetries: 0 });
  for (const code of [undefined, undefined, undefined, undefined, "constructor.x", "__proto__"]) {
    const error = await client.calls.get("c").catch((error) => error);
    assert.deepEqual([error.constructor, error.status, error.code, error.message, error.field, error.docsUrl, error.requestId],
      [ApiError, 502, code, "The server answered 502.", undefined, undefined, undefined]);
  }
});

test("time-outs that are none, or no numbers, are refused, and long ones are long", async (t) => {
  for (const timeout of [0, -1, Number.NaN, Infinity]) {
    assert.throws(() => clientOf({ url: "http://127.0.0.1:9" }, { timeout }), { name: "ArgumentError", message: /time-out/ });
    const server = await fake(t, { body: {} });
    await assert.rejects(clientOf(server).calls.get("c", { timeout }), { name: "ArgumentError", message: /time-out/ });
    assert.equal(server.requests.length, 0);
  }
  // 2 ** 31 ms would be 1 ms to a timer.
  const server = await fake(t, { body: { id: "c" } });
  assert.equal((await clientOf(server, { timeout: 2 ** 40 }).calls.get("c")).id, "c");
});

test("what can't be sent is an ArgumentError, and nothing is sent", async (t) => {
  const server = await fake(t, { body: { id: "c" } });
  const wrong = ["", "nonsense", "127.0.0.1:9", "voice.example", "ftp://x", "http:", "http://", "http:voice.example", " http://x", "http://x ", "http://x\n", "http://x?a=b", "http://x#a", "http://me:secret@x", "http://x:99999", "http://a b", "http://me:secret@x y"];
  for (const baseUrl of wrong) assert.throws(() => clientOf({ url: baseUrl }), (error) => error instanceof ArgumentError && !error.message.includes("secret"), baseUrl);
  for (const apiKey of ["skt_live_ü", "skt_live_x\n", "skt\r\nX-A: b", "a b", "\u0000"]) assert.throws(() => clientOf(server, { apiKey }), (error) => error instanceof ArgumentError && !error.message.includes(apiKey));
  for (const headers of [{ "X-A": "ü" }, { "X-A": "a\r\nX-B: b" }, { "X A": "a" }, { "": "a" }, { "Idempotency-Key": "" }, { "content-length": "1" }, { "Transfer-Encoding": "chunked" }]) {
    assert.throws(() => clientOf(server, { headers }), ArgumentError);
    await assert.rejects(clientOf(server).calls.create(CALL, { headers }), ArgumentError);
  }
  const client = clientOf(server);
  const circle = {};
  circle.circle = circle;
  const ways = [
    () => client.calls.create({ ...CALL, metadata: 1n }),
    () => client.calls.create({ ...CALL, metadata: circle }),
    () => client.calls.create({ ...CALL, timeout: Number.NaN }),
    () => client.calls.create({ ...CALL, metadata: { due: new Date(Number.NaN) } }),
    () => client.calls.list({ from_date: new Date(Number.NaN) }).then(),
    () => client.calls.create(CALL, { idempotencyKey: "" }),
    () => client.calls.create(CALL, { idempotencyKey: " " }),
    () => client.calls.create(CALL, { idempotencyKey: "schlüssel" }),
    () => client.calls.hangUp("c", { idempotencyKey: "" }),
    () => client.calls.get("c", { maxRetries: "2" }),
    () => client.calls.get("c", { signal: {} }),
    () => client.calls.get("c", { headers: { Connection: "upgrade" } }),
    () => client.calls.get("c", { headers: "X-A: b" }),
    () => clientOf({ url: "http://127.0.0.1:5060" }).calls.get("c"),
    async () => String(new VoiceResponse().pause({ length: Number.NaN })),
    () => client.request({ method: "GET", path: "v1/calls" }),
    () => client.request({ method: "GET ", path: "/v1/calls" }),
    ...["", ".", "..", undefined, null, "\ud800"].flatMap((id) => [
      () => client.calls.get(id),
      () => client.calls.hangUp(id),
      () => client.wallet.getStatementCsv(id),
      async () => {
        for await (const _ of client.calls.stream(id));
      },
    ]),
  ];
  for (const way of ways) await assert.rejects(way(), ArgumentError, String(way));
  assert.equal(server.requests.length, 0);
  assert.ok(new ArgumentError() instanceof SautikitError);
});

test("what stands around a value is not sent, and headers may come as a Headers", async (t) => {
  const server = await fake(t, { body: { id: "c" } });
  await clientOf({ url: `${server.url}//` }).calls.get("a/../b?ü", { headers: new Headers({ "X-Tag": "a" }), idempotencyKey: null });
  await clientOf(server, { headers: null, baseUrl: new URL(server.url) }).calls.get("c", { headers: { "X-Tag": " b\t" } });
  await clientOf(server).calls.get("c", null);
  assert.deepEqual(server.requests.map(({ url, headers }) => [url, headers["x-tag"]]), [["/v1/calls/a%2F..%2Fb%3F%C3%BC", "a"], ["/v1/calls/c", "b"], ["/v1/calls/c", undefined]]);
});

test("an answer that is not what the endpoint gives is an error, and what was carried out is not sent again", async (t) => {
  const not = { object: ["[]", "null", "1", '"x"', "", "<h1>Welcome</h1>", '{"id":', "[{}]"], list: ["{}", "null", "1", '"x"', "", "<h1>Welcome</h1>", '["a"]', "[null]"], either: ["null", "1", "", "<h1>"] };
  const asked = {
    object: [(client) => client.calls.create(CALL), (client) => client.calls.get("c"), (client) => client.sipToken()],
    list: [(client) => client.calls.list().then(), (client) => client.wallet.listStatements(), async (client) => {
      for await (const _ of client.calls.list());
    }],
    either: [(client) => client.recordings.getAudio("r")],
  };
  for (const [gives, bodies] of Object.entries(not)) {
    for (const body of bodies) {
      const server = await fake(t, { body, headers: { "X-Request-Id": "req_7" } });
      for (const ask of asked[gives]) {
        const error = await ask(clientOf(server)).then(() => assert.fail(`${gives}: ${body}`), (error) => error);
        assert.deepEqual([error.constructor, error.message, error.status, error.code, error.requestId], [ApiError, "the answer is not what this endpoint gives", 200, "sdk.invalid_response", "req_7"], `${gives}: ${body}`);
      }
      assert.equal(server.requests.length, asked[gives].length);
    }
  }
  // Of an endpoint that the SDK does not know it is not known either.
  const server = await fake(t, { body: "" }, { body: "[1]" }, { body: "<h1>" });
  const ask = () => clientOf(server).request({ method: "POST", path: "/v1/new" });
  assert.deepEqual([await ask(), await ask()], [undefined, [1]]);
  await assert.rejects(ask(), { code: "sdk.invalid_response" });
});

test("a POST is one however it is spelled", async (t) => {
  const server = await fake(t, refused(503, "service.draining"));
  await assert.rejects(clientOf(server).request({ method: "post", path: "/v1/calls", body: CALL }), ServiceError);
  assert.deepEqual(server.requests.map(({ method }) => method), ["POST"]);
});

test("a body is sent as it was, however its object changes meanwhile", async (t) => {
  const server = await fake(t, "close", ACCEPTED);
  const body = { ...CALL };
  const answer = clientOf(server).calls.create(body);
  body.to = "+254722000043";
  await answer;
  assert.deepEqual(server.requests.map(({ body }) => JSON.parse(body)), [CALL, CALL]);
});

test("a VoiceResponse is the list of its actions where the API takes actions", async (t) => {
  const server = await fake(t, { body: { id: "c", call_id: "c" } });
  const response = new VoiceResponse().say("Karibu").hangup();
  const client = clientOf(server);
  await client.calls.create({ ...CALL, actions: response, metadata: { actions: 1 } });
  await client.calls.replaceActions("c", { actions: response });
  await client.calls.replaceActions("c", response);
  await client.calls.create({ ...CALL, actions: response.actions });
  const actions = [{ say: { text: "Karibu" } }, { hangup: {} }];
  assert.deepEqual(server.requests.map(({ body }) => JSON.parse(body).actions), [actions, actions, actions, actions]);
  const prompt = new VoiceResponse().say("Press 1");
  assert.deepEqual(JSON.parse(String(new VoiceResponse().getDigits({ prompt }))), { actions: [{ getDigits: { prompt: [{ say: { text: "Press 1" } }] } }] });
  assert.deepEqual(JSON.parse(JSON.stringify(response)), { actions });
});

test("a page is asked for once, and goes on over later ones", async (t) => {
  const server = await fake(t, { headers: { "X-Next-Cursor": "2" }, body: [{ id: "a" }] }, { body: [{ id: "b" }] });
  const list = clientOf(server).calls.list();
  let ended = 0;
  const page = await list.finally(() => (ended += 1));
  const ids = [];
  for await (const { id } of page) ids.push(id);
  assert.deepEqual([ids, ended], [["a", "b"], 1]);
  assert.deepEqual(server.requests.map(({ url }) => url), ["/v1/calls", "/v1/calls?cursor=2"]);
});

test("an empty cursor ends a list", async (t) => {
  const server = await fake(t, { headers: { "X-Next-Cursor": "" }, body: [{ id: "a" }] });
  const ids = [];
  for await (const { id } of clientOf(server).calls.list()) ids.push(id);
  assert.deepEqual([ids, (await clientOf(server).calls.list()).nextCursor, server.requests.length], [["a"], undefined, 2]);
});

test("an answer's headers are there for who asks", async (t) => {
  const server = await fake(t, { headers: { "X-Next-Cursor": "2", "Content-Type": "text/csv" }, body: "a,b" });
  const { data, status, headers } = await clientOf(server).audit.export().withResponse();
  assert.deepEqual([data, status, headers.get("x-next-cursor")], ["a,b", 200, "2"]);
  assert.equal(await clientOf(server).audit.export(), "a,b");
});

test("waits grow with full jitter and are never shorter than asked", async () => {
  const { pause, retryAfter, ApiError, ConnectionError } = await sources("retries", "errors");
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((attempt) => pause(new ConnectionError(), attempt, () => 0.5)), [250, 500, 1_000, 2_000, 4_000, 4_000]);
  const refused = (status, retryAfter) => pause(new ApiError("no", { status, retryAfter }), 0, () => 0.5);
  assert.deepEqual([refused(429, 2), refused(503), refused(429, 61), refused(400, 1)], [2_250, 250, undefined, undefined]);
  const now = Date.UTC(1994, 10, 6, 8, 49, 7);
  for (const header of ["30", " 30 ", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]) assert.equal(retryAfter(header, now), 30, header);
  assert.equal(retryAfter("Sun, 06 Nov 1994 08:49:00 GMT", now), 0);
  assert.equal(retryAfter("9".repeat(15), now), 999_999_999_999_999);
  for (const header of [null, "", "1.5", "-1", "1e3", "tomorrow", "1994-11-06", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 :::::::: GMT", "1".repeat(16), "9".repeat(400)]) assert.equal(retryAfter(header, now), undefined, header);
});

test("a redirect is not followed, so that the key goes nowhere else", async (t) => {
  const other = await fake(t, { body: {} });
  const server = await fake(t, { status: 307, headers: { Location: other.url } });
  await assert.rejects(clientOf(server).calls.get("c"), ApiError);
  assert.equal(other.requests.length, 0);
});

test("nobody listens: a ConnectionError", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  await assert.rejects(new Sautikit({ apiKey: "k", baseUrl: `http://127.0.0.1:${port}`, maxRetries: 0 }).calls.get("c"), ConnectionError);
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
/** A server of streams: to each request the next of `connections` writes; it keeps the `Last-Event-ID` of each. */
async function streams(t, ...connections) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"]);
    const connection = connections[Math.min(asked.length, connections.length) - 1];
    if (typeof connection === "number") return response.writeHead(connection).end();
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    connection(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

const lost = (response) => response.socket.destroy();

test("a stream that the server ends goes on where it stood, until nothing is left to be told", async (t) => {
  const server = await streams(t, (response) => response.end("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), (response) => response.end("id: 3\ndata: c\n\n"), 204);
  const seen = [];
  // Ends are no losses.
  for await (const { data } of clientOf(server, { maxRetries: 0 }).calls.stream("c", { lastEventId: 0 })) seen.push(data);
  assert.deepEqual(seen, ["a", "b", "c"]);
  assert.deepEqual(server.asked, ["0", "2", "3"]);
});

test("a stream that is lost goes on where it stood, after an id without an event too", async (t) => {
  const server = await streams(t, (response) => response.write("id: 41\n\n", () => lost(response)), (response) => response.write("id: 42\ndata: a\n\n", () => lost(response)), lost, 204);
  const seen = [];
  // Two in a row are lost at most: whatever is heard between them begins the count anew.
  for await (const { data } of clientOf(server, { maxRetries: 2 }).calls.streamCalls()) seen.push(data);
  assert.deepEqual(seen, ["a"]);
  assert.deepEqual(server.asked, [undefined, "41", "42", "42"]);
});

test("a stream that is lost too often, or refused, is an error", async (t) => {
  const server = await streams(t, lost);
  const read = async (server, options) => { for await (const _ of clientOf(server, options).calls.streamCalls()); };
  await assert.rejects(read(server, { maxRetries: 1 }), ConnectionError);
  assert.equal(server.asked.length, 2);
  // What ends without a word is lost too, or it would be asked for without an end.
  const empty = await streams(t, (response) => response.end());
  await assert.rejects(read(empty, { maxRetries: 1 }), ConnectionError);
  assert.equal(empty.asked.length, 2);
  const page = await fake(t, { headers: { "Content-Type": "text/html" }, body: "<h1>Welcome</h1>" });
  await assert.rejects(read(page), { name: "SautikitError", message: /no stream/ });
  await assert.rejects(read(await streams(t, (response) => response.end(": here\n\nid: 1\ndata: a\n\n"), 401)), ApiError);
});

test("a reader who was dropped goes on from where it was", async (t) => {
  const dropped = 'event: dropped\ndata: {"reason":"too_slow","last_event_id":7}\n\n';
  const server = await streams(t, (response) => response.end(`id: 7\ndata: a\n\n${dropped}`), (response) => response.end(dropped.replace("7", "9")), 204);
  const seen = [];
  for await (const { data } of clientOf(server).calls.streamCalls()) seen.push(data);
  assert.deepEqual(seen, ["a"]);
  assert.deepEqual(server.asked, [undefined, "7", "9"]);
});

test("a byte order mark at the start of a stream is none of its text, and ids that no header takes are no places", async (t) => {
  const text = Buffer.from("\ufeffid: 1\ndata: \ufeffa\n\nid: ü\ndata: b\n\nid:\ndata: c\n\n");
  const server = await streams(t, (response) => {
    response.write(text.subarray(0, 1));
    setImmediate(() => response.end(text.subarray(1)));
  }, 204);
  const seen = [];
  for await (const { id, data } of clientOf(server).calls.stream("c")) seen.push([id, data]);
  assert.deepEqual(seen, [["1", "\ufeffa"], ["ü", "b"], ["", "c"]]);
  assert.deepEqual(server.asked, [undefined, "1"]);
});

test("an event that does not end is not read for ever", async (t) => {
  for (const piece of ["x".repeat(1 << 16), `data: ${"x".repeat(1 << 16)}\n`]) {
    const server = await streams(t, (response) => {
      const more = () => response.write(piece, () => response.destroyed || setImmediate(more));
      more();
    });
    await assert.rejects(async () => {
      for await (const _ of clientOf(server).calls.stream("c"));
    }, { name: "SautikitError", message: /too long/ });
    assert.equal(server.asked.length, 1);
  }
});

test("a stream on which nothing is heard for 45 seconds is lost, however long its head may take", async (t) => {
  const server = await streams(t, (response) => response.write("id: 1\ndata: a\n\n"), 204);
  const { setTimeout: original } = globalThis;
  let silence;
  t.after(() => (globalThis.setTimeout = original));
  globalThis.setTimeout = (late, ms, ...rest) => {
    if (ms === 45_000) silence = late;
    return original(late, ms, ...rest);
  };
  const events = clientOf(server, { timeout: 86_400_000 }).calls.stream("c")[Symbol.asyncIterator]();
  assert.equal((await events.next()).value.data, "a");
  silence = undefined;
  const end = events.next();
  await eventually("the next silence", () => silence);
  silence();
  assert.equal((await end).done, true);
  assert.deepEqual(server.asked, [undefined, "1"]);
});

test("a stream that is given up says why, and leaves nothing at the signal", async (t) => {
  const server = await streams(t, (response) => response.write("id: 1\ndata: a\n\n"));
  const given = new AbortController();
  const counted = new Set();
  const { addEventListener: add, removeEventListener: remove } = given.signal;
  given.signal.addEventListener = (name, listener) => (counted.add(listener), add.call(given.signal, name, listener));
  given.signal.removeEventListener = (name, listener) => (counted.delete(listener), remove.call(given.signal, name, listener));
  const reason = new Error("enough");
  await assert.rejects(async () => {
    for await (const _ of clientOf(server).calls.stream("c", {}, { signal: given.signal })) given.abort(reason);
  }, (error) => error === reason);
  assert.equal(counted.size, 0);
});

test("a stream is left at once, though no event comes", async (t) => {
  let closed;
  const server = await streams(t, (response) => response.on("close", () => (closed = true)).write("id: 1\ndata: a\n\n"));
  const events = clientOf(server).calls.stream("c")[Symbol.asyncIterator]();
  assert.equal((await events.next()).value.data, "a");
  const next = events.next();
  assert.equal((await events.return()).done, true);
  assert.equal((await next).done, true);
  await eventually("the connection to close", () => closed);
});

test("one signal serves many requests without a warning", async (t) => {
  const server = await fake(t, { body: { id: "c" } });
  const warnings = [];
  const warned = (warning) => warnings.push(warning.name);
  process.on("warning", warned);
  t.after(() => process.off("warning", warned));
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 20 }, () => clientOf(server).calls.get("c", { signal })));
  assert.deepEqual(warnings, []);
});
