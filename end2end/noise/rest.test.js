// Noise at every endpoint of the REST API: each answer is a success or an error of the catalogue.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { signIn } from "../support/signed_in.js";
import { randomFrom, startTarget } from "./alive.js";

/** Requests under way at once. */
const AT_ONCE = 16;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
const IDS = ["0", "01900000-0000-7000-8000-000000000000", "HD_0", "%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "x".repeat(4_000), "%F0%9F%98%80"];
const BODIES = {
  nothing: "", brace: "{", null: "null", list: "[]", number: "1e999", text: '"x"', "wrong types": '{"to":{},"from":[],"name":1}',
  "lone surrogate": '{"name":"\\ud800"}', "not UTF-8": Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  "deep nesting": "[".repeat(100_000), "many keys": `{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join(",")}}`,
  "nul bytes": Buffer.alloc(1_000),
};
const CONTENT_TYPES = ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=", "\u00ff"];
/** Answers 503 where no Google client is configured, as here. */
const GOOGLE = "/v1/auth/google/";
/** Above the limit of a body. */
const TOO_LARGE = Buffer.alloc(2 * 1024 * 1024, "[");

let target, headers, paths;

before(async () => {
  target = await startTarget();
  // What the noise changes by chance is not what the calls afterwards need.
  const { key } = await signIn(target.server.url, { email: "victim@example.com", number: "+254700000002" });
  headers = { Authorization: `Bearer ${key}` };
  paths = await endpoints();
});

after(() => target?.server.stop());

/** The paths below /v1, as the server describes itself. */
async function endpoints() {
  const { paths } = await (await fetch(`${target.server.url}/v1/openapi.json`)).json();
  const below = Object.keys(paths).filter((path) => path.startsWith("/v1/"));
  assert.ok(below.length > 20, `only ${below.length} endpoints found`);
  return below;
}

/** One request by Node's plainest client, which also sends what `fetch` refuses to. */
function send(method, path, { body = "", ...more } = {}) {
  const { hostname, port } = new URL(target.server.url);
  return new Promise((resolve, reject) => {
    const length = { "Content-Length": Buffer.byteLength(body) };
    const sent = request({ hostname, port, method, path, agent: false, headers: { ...headers, ...length, ...more } }, async (response) => {
      // A stream has no end of its own.
      if (response.headers["content-type"]?.startsWith("text/event-stream")) response.destroy();
      const chunks = await response.toArray().catch(() => []);
      resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
    });
    // A refusal before the whole body is read may cut the connection.
    sent.on("error", (error) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve({ status: 413, text: "" }) : reject(error)));
    sent.end(body);
  });
}

/** Sends all of them, some at once; every refusal is clear. */
async function areAnswered(requests) {
  const queue = [...requests];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [method, path, options] = next;
      const { status, text } = await send(method, path, options);
      const what = `${method} ${path.slice(0, 80)}: ${status} ${text.slice(0, 200)}`;
      assert.ok(status < 500 || (status === 503 && path.startsWith(GOOGLE)), what);
      if (status < 400 || method === "HEAD" || !text) continue;
      const { error } = JSON.parse(text);
      assert.ok(error.code && error.message && error.request_id, what);
    }
  }));
  await target.isWell();
}

const withId = (path, id) => path.replaceAll(/\{[^}]+\}/g, id);

test("any method at any endpoint", () => areAnswered(
  METHODS.flatMap((method) => paths.map((path) => [method, withId(path, IDS[1])])),
));

test("any text where an id belongs", () => areAnswered(
  IDS.flatMap((id) => paths.filter((path) => path.includes("{")).flatMap((path) => ["GET", "POST", "PATCH", "DELETE"].map((method) => [method, withId(path, id)]))),
));

test("any body where JSON belongs", () => areAnswered(
  Object.values(BODIES).flatMap((body) => paths.flatMap((path) =>
    ["POST", "PATCH", "PUT"].map((method) => [method, withId(path, IDS[1]), { body, "Content-Type": "application/json" }]))),
));

test("any content type", () => areAnswered(
  CONTENT_TYPES.flatMap((type) => paths.map((path) => ["POST", withId(path, IDS[1]), { body: "{}", "Content-Type": type }])),
));

test("bodies above the limit", () => areAnswered(
  paths.map((path) => ["POST", withId(path, IDS[1]), { body: TOO_LARGE, "Content-Type": "application/json" }]),
));

test("any query", () => areAnswered(
  ["limit=-1", "limit=99999999999999999999", "cursor=%00", "cursor=x", "from_date=never", "status=%ff", "=&&=", `a=${"x".repeat(7_000)}`]
    .flatMap((query) => paths.map((path) => ["GET", `${withId(path, IDS[1])}?${query}`])),
));

test("any credential", () => areAnswered(
  ["Bearer", "Bearer ", "Bearer skt_test_x", `Bearer ${"x".repeat(7_000)}`, "Basic Og==", "\u00ff", "Digest username="]
    .flatMap((credential) => paths.map((path) => ["GET", withId(path, IDS[1]), { Authorization: credential }])),
));

test("bytes that are no HTTP", async () => {
  const { hostname, port } = new URL(target.server.url);
  const random = randomFrom(9110);
  const garbage = Array.from({ length: 50 }, () => random.bytes(1 + random.below(2_000)));
  const lines = ["GET / HTTP/9.9\r\n\r\n", "GET /v1/calls HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "POST /v1/calls HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    `GET /v1/calls HTTP/1.1\r\nX: ${"x".repeat(1_000_000)}\r\n\r\n`, `GET /${"x".repeat(200_000)} HTTP/1.1\r\n\r\n`,
    "POST /v1/calls HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
  for (const bytes of [...garbage, ...lines]) {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  }
  await target.isWell();
});
