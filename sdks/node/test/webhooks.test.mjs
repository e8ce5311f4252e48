// What is signed is taken, and nothing else.
import { Readable } from "node:stream";
import { test } from "node:test";
import { parseCallback, SignatureError, webhooks } from "sautikit";
import { assert, serveExample, signature } from "./support.mjs";

const SECRET = "whsec_4f6d1c0a9b8e7d6c5b4a39281706f5e4";
const BODY = JSON.stringify({ id: "evt_1", event: "call.completed", sequence: 3, data: { call_id: "c-ü" }, a_new_member: true });
const NOW = 1_700_000_000;

test("a body is taken as it was signed, by the whole secret", () => {
  webhooks.verify(BODY, signature(BODY, SECRET, NOW), SECRET, NOW);
  webhooks.verify(Buffer.from(BODY), signature(BODY, SECRET, NOW), SECRET, NOW + 300);
  assert.equal(webhooks.parse(BODY, signature(BODY, SECRET), SECRET).a_new_member, true);
});

test("a changed byte, another secret, an old signature and no signature are refused", () => {
  const header = signature(BODY, SECRET, NOW);
  const cases = [
    [BODY.replace("completed", "completeD"), header, SECRET, NOW],
    [BODY, header, "whsec_another", NOW],
    [BODY, header, SECRET, NOW + 301],
    [BODY, header, SECRET, NOW - 301],
    [BODY, undefined, SECRET, NOW],
    [BODY, header.replace("v1=", "v1=0"), SECRET, NOW],
    [BODY, header.toUpperCase(), SECRET, NOW],
    [BODY, signature(BODY, "", NOW), "", NOW],
  ];
  for (const [payload, given, secret, now] of cases) assert.throws(() => webhooks.verify(payload, given, secret, now), SignatureError);
});

test("the receiver takes a signed webhook once and refuses a changed byte", async (t) => {
  const receiver = await serveExample(t, "webhook_receiver", { SAUTIKIT_WEBHOOK_SECRET: SECRET });
  const post = (body, header) => fetch(`${receiver.url}/webhooks`, { method: "POST", headers: { "Content-Type": "application/json", "X-Sautikit-Signature": header }, body });
  assert.equal((await post(BODY.replace("c-ü", "c-u"), signature(BODY, SECRET))).status, 400);
  assert.equal((await post(BODY, signature(BODY, SECRET))).status, 204);
  await receiver.said(/^call\.completed c-ü$/m);
});

test("a parser that stands before the middleware is named, because it spoils every signature", async () => {
  const error = await new Promise((next) => webhooks.express(SECRET)({ headers: {}, body: {} }, {}, next));
  assert.match(error.message, /body parser/);
});

test("a raw body that something kept, or that nobody read, is taken", async () => {
  const headers = { "content-type": "application/json", "x-sautikit-signature": signature(BODY, SECRET) };
  const stream = () => Readable.from([Buffer.from(BODY)]);
  const read = stream();
  await read.toArray();
  const outcome = (request) => new Promise((next) => webhooks.express(SECRET)(Object.assign(request, { headers }), {}, (error) => next(error ?? request.body)));
  for (const request of [{ body: {}, rawBody: Buffer.from(BODY) }, { body: Buffer.from(BODY) }, stream(), Object.assign(stream(), { body: {} })]) {
    assert.equal((await outcome(request)).id, "evt_1");
  }
  assert.match((await outcome(Object.assign(read, { body: JSON.parse(BODY) }))).message, /body parser/);
});

test("a middleware without a secret is not set up", () => {
  for (const secret of [undefined, ""]) assert.throws(() => webhooks.express(secret), { name: "ArgumentError", message: /not set/ });
});

test("bytes of all kinds are verified, and what was parsed is named", () => {
  const bytes = new TextEncoder().encode(BODY);
  assert.throws(() => webhooks.verify(BODY, signature(BODY, SECRET), {}), { name: "ArgumentError" });
  for (const payload of [bytes, bytes.buffer, new DataView(bytes.buffer)]) webhooks.verify(payload, signature(BODY, SECRET), SECRET);
  assert.throws(() => webhooks.verify(JSON.parse(BODY), signature(BODY, SECRET), SECRET), { name: "ArgumentError", message: /was parsed/ });
});

test("what is signed and no event is an error of ours", async () => {
  for (const body of ["From=me", "", "null", "1", '"x"', "[]", "[{}]", "{", "\ud800"]) {
    assert.throws(() => webhooks.parse(body, signature(body, SECRET), SECRET), { name: "SautikitError", message: /no event/ }, body);
    const headers = { "content-type": "Application/JSON", "x-sautikit-signature": signature(body, SECRET) };
    assert.match((await new Promise((next) => webhooks.express(SECRET)({ headers, body }, {}, next))).message, /no event/);
  }
});

test("of a form's field that comes twice the first counts, and what is not written as it should be stays as it is", async () => {
  const body = "From=%2B254722000001&From=me&Digits=%zz%2&a=%ff&__proto__=x&constructor=y&&=z&b";
  const form = parseCallback(body);
  const read = { From: "+254722000001", Digits: "%zz%2", a: "\ufffd", constructor: "y", "": "z", b: "" };
  assert.deepEqual({ ...form, ...read }, { ...form });
  assert.deepEqual(Object.keys(form).sort(), [...Object.keys(read), "__proto__"].sort());
  const bytes = Buffer.from(body);
  for (const same of [bytes, new Uint8Array(bytes).buffer, new DataView(new Uint8Array(bytes).buffer)]) assert.deepEqual(parseCallback(same), form);
  const headers = { "x-sautikit-signature": signature(body, SECRET) };
  const request = { headers, body };
  assert.equal(await new Promise((next) => webhooks.express(SECRET)(request, {}, next)), undefined);
  assert.deepEqual(request.body, form);
  // As Express and others parse it.
  assert.deepEqual(parseCallback({ From: ["+254722000001", "me"], Digits: "1" }), { From: "+254722000001", Digits: "1" });
  for (const none of [undefined, null, 1]) assert.throws(() => parseCallback(none), { name: "ArgumentError" });
});
