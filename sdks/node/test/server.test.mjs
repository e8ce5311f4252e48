// Against a real server: what the examples do, lists, errors.
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as esm from "sautikit";
import { Sautikit, VoiceResponse, actions } from "sautikit";
import { BUSY, NUMBER, PRESSES, SECRET, assert, eventually, fake, runExample, serveExample } from "./support.mjs";

const client = new Sautikit();

test("quickstart: a call is placed, followed to its end, and its cost is known", async () => {
  const printed = await runExample("quickstart", NUMBER, "+254722000042");
  assert.match(printed, /^call\.ringing\n/);
  assert.match(printed, /^completed, [1-9]\d* s, KES [1-9]\d* \(minor units\)$/m);
});

test("IVR: the keys that a caller presses come back to the menu", async (t) => {
  const menu = await serveExample(t, "ivr");
  const { call_id: id } = await client.calls.create({ from: NUMBER, to: PRESSES, voice_callback_url: `${menu.url}/voice` });
  await menu.said(/pressed 123$/m);
  const call = await eventually("the end", async () => {
    const call = await client.calls.get(id);
    return call.ended_at && call;
  });
  assert.equal(call.status, "completed");
  // An unsigned request hears nothing.
  assert.equal((await fetch(`${menu.url}/voice`, { method: "POST", body: "From=me" })).status, 400);
  assert.ok(SECRET);
});

test("webhooks that the server sends are taken by the receiver, and with a changed byte refused", async (t) => {
  // Between the two, because the endpoint's address must be known before its secret is.
  const sent = [];
  let isOver = false;
  t.after(() => { isOver = true; });
  const relay = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => /^(content-type|x-sautikit-)/.test(name)));
    // The receiver goes with the test, and events of its last call come after that.
    const status = await deliver({ body, headers }).then((answer) => answer.status, () => 503);
    if (!isOver) sent.push({ body, headers, status });
    response.writeHead(status).end();
  });
  let starts;
  const started = new Promise((resolve) => (starts = resolve));
  const deliver = async ({ body, headers }) => fetch(`${(await started).url}/webhooks`, { method: "POST", headers, body });
  await once(relay.listen(0, "127.0.0.1"), "listening");
  t.after(() => relay.close(() => undefined) && relay.closeAllConnections());
  const endpoint = await client.webhooks.create({ url: `http://127.0.0.1:${relay.address().port}/`, events: ["call.*"] });
  t.after(() => client.webhooks.delete(endpoint.id));
  const receiver = await serveExample(t, "webhook_receiver", { SAUTIKIT_WEBHOOK_SECRET: endpoint.secret });
  // Events of earlier tests' calls may have come before.
  starts(receiver);

  await client.webhooks.test(endpoint.id);
  await receiver.said(/^call\.completed [0-9a-f-]{36}$/m);
  const { call_id: id } = await client.calls.create({ from: NUMBER, to: BUSY });
  await receiver.said(new RegExp(`^call\\.\\w+ ${id}$`, "m"));
  for (const { body, headers, status } of [...sent]) {
    assert.equal(status, 204);
    const changed = Buffer.from(body);
    changed[changed.length - 2] ^= 1;
    assert.equal((await deliver({ body: changed, headers })).status, 400);
    assert.equal((await deliver({ body, headers })).status, 204);
  }
});

test("browser token: the page gets a token for its phone, by POST as the browser SDK asks", async (t) => {
  const page = await serveExample(t, "browser_token");
  const token = await (await fetch(`${page.url}/api/sip-token`, { method: "POST" })).json();
  assert.equal(token.identity, "front-desk");
  assert.equal(token.token.split(".").length, 3);
});

test("1,000 calls are listed without a gap or a double while calls are added", async () => {
  const many = new Sautikit({ apiKey: process.env.SAUTIKIT_MANY_KEY });
  const wanted = (await readFile(process.env.SAUTIKIT_MANY_IDS, "utf8")).trim().split("\n");
  const listed = [];
  let added = 0;
  for await (const call of many.calls.list({ limit: 50 })) {
    listed.push(call.id);
    if (listed.length % 100 === 0) {
      await many.calls.create({ from: process.env.SAUTIKIT_MANY_NUMBER, to: BUSY });
      added += 1;
    }
  }
  assert.ok(added >= 10);
  assert.equal(new Set(listed).size, listed.length);
  const seen = new Set(listed);
  assert.deepEqual(wanted.filter((id) => !seen.has(id)), []);
  assert.equal(wanted.length, 1_000);
});

test("what the builders print is what the server takes", async () => {
  const answer = new VoiceResponse()
    .say("Karibu", { voice: "woman", language: "sw-KE", rate: 0.9, loop: 2 })
    .getDigits({ numDigits: 1, timeout: 3, finishOnKey: "", bargeIn: false, attempts: 2, prompt: [actions.say("One"), actions.say("Two")], action: "http://127.0.0.1:9/next" })
    .dial(["+254722000042", { client: "asha" }], { timeout: 20, sequential: true, hangupOnStar: true })
    .conference("standup", { beep: false, maxParticipants: 3 })
    .pause({ length: 2 })
    .redirect("http://127.0.0.1:9/next");
  for (const list of [answer, new VoiceResponse().hangup()]) {
    assert.deepEqual(JSON.parse(String(list)), { actions: list.actions });
    await client.calls.create({ from: NUMBER, to: BUSY, actions: list.actions });
  }
  // It is read, and said to be for who calls only.
  const turnedAway = new VoiceResponse().reject({ reason: "busy" });
  assert.equal((await client.actions.validate({ document: String(turnedAway) })).error, null);
  await assert.rejects(client.calls.create({ from: NUMBER, to: BUSY, actions: turnedAway.actions }), { code: "actions.invalid", message: /reject/ });
});

test("all calls are followed while one is placed, and again from any of their events", async () => {
  const found = [];
  const placing = client.calls.create({ from: NUMBER, to: BUSY });
  for await (const { id, event, data } of client.calls.streamCalls({ lastEventId: 0 })) {
    const told = JSON.parse(data);
    assert.equal(told.event, event);
    if (told.data.call_id === (await placing).call_id && found.push({ id, event }) === 2) break;
  }
  assert.notEqual(found[0].id, found[1].id);
  for await (const next of client.calls.streamCalls({ lastEventId: found[0].id })) {
    assert.ok(BigInt(next.id) > BigInt(found[0].id));
    if (next.id === found[1].id) break;
  }
});

/** `maxDigits` is another name of `numDigits`, so that it has an action of its own. */
test("every verb with every attribute is what the server reads", async () => {
  const url = "https://a.example/next";
  const answer = new VoiceResponse()
    .say("Karibu", { voice: "woman", language: "sw-KE", rate: 0.9, loop: 2 })
    .play("https://a.example/a.mp3", { loop: 2 })
    .getDigits({ maxDigits: 4 })
    .getDigits({ numDigits: 1, timeout: 3, firstDigitTimeout: 3, finishOnKey: "#", bargeIn: false, attempts: 2, prompt: actions.say("One"), invalidPrompt: actions.say("No"), action: url })
    .dial(["+254722000042", { client: "asha" }], { action: url, callerId: NUMBER, hangupOnStar: true, machineDetection: "detectMessageEnd", maxDuration: 60, record: "dual", ringTone: "ke", sequential: true, timeout: 20 })
    .conference("standup", { action: url, beep: "onEnter", coach: `HD_${"0".repeat(32)}`, endOnExit: true, maxParticipants: 3, muted: false, record: true, startOnEnter: false, waitUrl: "" })
    .enqueue("support", { action: url, holdMusic: "https://a.example/a.mp3", maxQueueSize: 2, timeout: 30 })
    .dequeue("support", { action: url, record: "dual", timeout: 5 })
    .leave()
    .record({ action: url, finishOnKey: "#", maxLength: 30, playBeep: true, timeout: 3, trimSilence: true })
    .stream("wss://a.example/audio", { action: url, bidirectional: false, name: "a", parameters: { a: "b" }, statusCallback: url, track: "inbound" })
    .stopStream({ name: "a" })
    .sendDigits("1w2")
    .pause({ length: 2 })
    .redirect(url)
    .hangup();
  const seen = new Set();
  // Who is turned away was not answered before.
  for (const one of [answer, new VoiceResponse().reject({ reason: "busy" })]) {
    const { actions: read, error, warnings } = await client.actions.validate({ document: String(one) });
    assert.deepEqual([error ?? null, warnings], [null, []]);
    for (const action of read) seen.add(Object.keys(action)[0]);
  }
  assert.deepEqual([...seen].sort(), Object.keys(actions).sort());
});

test("a page can be read by itself", async () => {
  const page = await client.numbers.listAvailable({ country: "KE", currency: "KES", limit: 2 });
  assert.equal(page.data.length, 2);
  const next = await page.next();
  assert.equal(next.data.length, 2);
  assert.notEqual(next.data[0].id, page.data[0].id);
});

test("the same wrong requests give the same errors in every language", async (t) => {
  const proxy = await fake(t, { status: 502, headers: { "X-Request-Id": "req_of_a_proxy" }, body: { error: { code: 502, message: "Bad gateway", field: 1, docs_url: null } } });
  const wrong = {
    nonsense: () => client.calls.create({ from: NUMBER, to: "nonsense" }),
    unknown: () => client.calls.get("00000000-0000-7000-8000-000000000000"),
    emergency: () => client.calls.create({ from: NUMBER, to: "999" }),
    actions: () => client.calls.create({ from: NUMBER, to: BUSY, actions: [{ say: { text: "" } }] }),
    limit: () => client.calls.list({ limit: 0 }),
    key: () => new Sautikit({ apiKey: "skt_live_wrong" }).calls.list(),
    proxy: () => new Sautikit({ baseUrl: proxy.url, maxRetries: 0 }).calls.get("c"),
  };
  const facts = {};
  for (const [name, ask] of Object.entries(wrong)) {
    const error = await ask().then(() => assert.fail(`${name} was no error`), (error) => error);
    assert.ok(error instanceof esm.ApiError, String(error));
    assert.match(error.requestId, /^req_/);
    const { status, code, field, docsUrl } = error;
    facts[name] = { family: error.constructor.name.replace(/Error$/, ""), status, code: code ?? null, field: field ?? null, docs_url: docsUrl ?? null };
  }
  assert.deepEqual(facts.proxy, { family: "Api", status: 502, code: null, field: null, docs_url: null });
  assert.deepEqual([facts.nonsense.family, facts.nonsense.code, facts.nonsense.field], ["Validation", "validation.bad_request", "to"]);
  await writeFile(`${process.env.SAUTIKIT_FACTS}/node.json`, JSON.stringify(facts));
});

test("CommonJS has the same classes", () => {
  const cjs = createRequire(import.meta.url)("sautikit");
  assert.equal(cjs.Sautikit, esm.Sautikit);
  assert.equal(cjs.CallsError, esm.CallsError);
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).filter((name) => name !== "default" && name !== "module.exports").sort());
});
