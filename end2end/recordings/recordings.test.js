// What was recorded is what was said: SIPp as caller and as carrier, Express as the customer's server.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startExpress } from "../callbacks/express.js";
import {
  accept, answer, invite, pause, receive, receiveFinal, receiveInvite, receiveResponse, reinvite, scenario, toPeer,
} from "../sipp/scenario.js";
import { HOST, caller, carrier } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { channelsOf, likeness, speech, wavOf, writePcap } from "./audio.js";

const SECRET = "a-secret-that-the-customer-chose";
const SECONDS = 6;
/** Of a call with a hold in its middle. */
const PART_MS = (SECONDS * 1_000) / 2;
const HALF = (SECONDS * 8_000) / 2;
const HOLD_MS = 1_000;
/** Alike but for what G.711 does to it. */
const ALIKE = 0.98;

const said = { caller: speech(11, SECONDS), callee: speech(22, SECONDS) };
const plays = (file) => `<nop><action><exec play_pcap_audio="${file}"/></action></nop>`;
const connected = [invite(), receiveFinal(200), toPeer("ACK")];
/** SIPp's session descriptions, with PCMU instead of PCMA. */
const inMuLaw = (xml) => xml.replaceAll("RTP/AVP 8 101", "RTP/AVP 0 101").replaceAll("rtpmap:8 PCMA", "rtpmap:0 PCMU");

describe("recordings", () => {
  let folder, server, trunks, customer, workspace;
  const files = {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sautikit-recordings-"));
    for (const [name, samples, payloadType] of [["caller", said.caller, 8], ["callee", said.callee, 8], ["calleeInMuLaw", said.callee, 0]]) {
      files[name] = join(folder, `${name}.pcap`);
      await writePcap(files[name], samples, payloadType);
    }
    const reserved = await reserveTrunks({
      carrier: [{ sources: [`${HOST}/32`] }], muLaw: [{ codecs: ["PCMU"] }], plain: [{}],
    });
    trunks = reserved.trunks;
    server = await startOperated(reserved.settings);
    customer = await startExpress(SECRET, {
      "/dual": () => [{ dial: { to: trunks.plain.number, record: "dual", action: "/after" } }],
      "/transcoded": () => [{ dial: { to: trunks.muLaw.number, record: "dual", action: "/after" } }],
      "/mixed": () => '<Response><Dial record="record-from-answer" action="/after"><Number>' + trunks.plain.number + "</Number></Dial></Response>",
      "/message": () => [{ record: { timeout: 2, action: "/kept" } }],
      "/silent": () => [{ record: { timeout: 1, action: "/kept", playBeep: false } }, { say: { text: "You said nothing." } }],
      "/twiml": () => '<Response><Record timeout="2" maxLength="30" action="/kept" trim="do-not-trim"/></Response>',
      "/room": () => [{ conference: { name: "team", record: true, beep: false, action: "/after" } }],
      "/after": () => [{ hangup: {} }],
      "/kept": () => [{ hangup: {} }],
    });
    workspace = await openWorkspace(server.url);
  });
  after(async () => {
    if (server) await isIdle(server);
    customer?.stop();
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  /** The caller says its part while `path` steers the call; the callback that follows is `after`. */
  async function call(path, after, { scenarioOf = talks, headers = {} } = {}) {
    await workspace.route({ voice_callback_url: customer.at(path), voice_signing_secret: SECRET });
    const before = customer.callbacks.length;
    await caller(scenarioOf(files.caller), workspace.number, server.sip, headers);
    const told = () => customer.callbacks.slice(before).find((callback) => callback.path === after);
    return after && (await eventually(`a callback to ${after}`, told)).form;
  }

  const talks = (file) => scenario(connected, pause(300), plays(file), pause(SECONDS * 1_000 + 500), toPeer("BYE", 2), receiveResponse(200));
  const talksAndWaits = (file) => scenario(connected, pause(600), plays(file), receive("BYE"), accept());
  const callee = (file, adapt = (xml) => xml) => adapt(scenario(
    receiveInvite(), answer("180 Ringing"), answer("200 OK", { sdp: true }), receive("ACK"), pause(700), plays(file),
    receive("BYE"), accept(),
  ));

  /** The recording's audio by the API, checked against what the API says of it. */
  async function audio(id) {
    const recording = await eventually(`recording ${id}`, async () => {
      const shown = await workspace.get(`/v1/recordings/${id}`);
      return shown.status === "ready" && shown;
    });
    const response = await fetch(`${server.url}/v1/recordings/${id}/audio`, { headers: workspace.headers });
    assert.equal(response.status, 200);
    const wav = Buffer.from(await response.arrayBuffer());
    assert.equal(createHash("sha256").update(wav).digest("hex"), recording.sha256);
    return { recording, channels: channelsOf(wav) };
  }

  const isLike = (name, channel) => {
    const found = likeness(said[name], channel);
    assert.ok(found.like > ALIKE, `${name}: ${JSON.stringify(found)}`);
    assert.ok(Math.abs(found.driftMs) <= 1, `${name}: ${JSON.stringify(found)}`);
  };

  async function isDual(path, number, file, adapt) {
    const far = await carrier(callee(file, adapt), number.port);
    const calling = call(path, undefined);
    await calling;
    await far.done;
    const [newest] = await eventually("a recording", async () => {
      const list = await workspace.get("/v1/recordings?limit=1");
      return list.length > 0 && list;
    });
    const { recording, channels } = await audio(newest.id);
    assert.deepEqual([recording.source, recording.channels], ["dial", 2]);
    isLike("caller", channels[0]);
    isLike("callee", channels[1]);
    assert.ok(likeness(said.caller, channels[1]).like < 0.3, "the caller is not on the right");
    return recording;
  }

  test("a dial is recorded in two channels, and relayed all the same", async () => {
    const recording = await isDual("/dual", trunks.plain, files.callee);
    const events = await workspace.get(`/v1/calls/${recording.call_id}/events`);
    assert.equal(events.find(({ kind }) => kind === "leg.bridged").data.mode, "relay");
    assert.ok(events.some(({ kind, data }) => kind === "recording.started" && data.recording_id === recording.id));
    const [told] = customer.callbacks.filter(({ form }) => form.RecordingId === recording.id);
    assert.equal(told.form.IsFinal, "true", "the caller hung up: nobody is asked after the dial");
    assert.equal(told.form.RecordingUrl, `${server.url}/v1/recordings/${recording.id}/audio`);
    const shown = await workspace.get(`/v1/calls/${recording.call_id}`);
    assert.equal(shown.recording_status, "ready");
  });

  test("so it is where the two speak different codecs", async () => {
    const recording = await isDual("/transcoded", trunks.muLaw, files.calleeInMuLaw, inMuLaw);
    const events = await workspace.get(`/v1/calls/${recording.call_id}/events`);
    assert.equal(events.find(({ kind }) => kind === "leg.bridged").data.mode, "transcode");
  });

  test("so it is where the caller puts the other one on hold, and a hold is silence", async () => {
    const [first, second] = [said.caller.subarray(0, HALF), said.caller.subarray(HALF)];
    const names = ["first", "second"].map((name) => join(folder, `${name}.pcap`));
    await Promise.all([writePcap(names[0], first), writePcap(names[1], second)]);
    const changes = (cseq, direction) => [reinvite(cseq, direction), receiveFinal(200), toPeer("ACK", cseq)];
    const holds = () => scenario(
      connected, pause(300), plays(names[0]), pause(PART_MS + 300), changes(2, "sendonly"), pause(HOLD_MS), changes(3, "sendrecv"),
      pause(200), plays(names[1]), pause(PART_MS + 500), toPeer("BYE", 4), receiveResponse(200),
    );
    const far = await carrier(callee(files.callee), trunks.plain.port);
    await call("/dual", undefined, { scenarioOf: holds });
    await far.done;
    const [newest] = await workspace.get("/v1/recordings?limit=1");
    const { recording, channels } = await audio(newest.id);
    const events = await workspace.get(`/v1/calls/${recording.call_id}/events`);
    assert.ok(events.some(({ kind }) => kind === "leg.held"), "it was held");
    const [before, after] = [likeness(first, channels[0]), likeness(second, channels[0])];
    assert.ok(before.like > ALIKE && after.like > ALIKE, JSON.stringify([before, after]));
    // As far apart as they were said, but for what signalling takes.
    const apart = after.atMs - before.atMs - PART_MS - HOLD_MS;
    assert.ok(apart > 400 && apart < 1_500, `${apart} ms`);
  });

  test("a conference is recorded as its members hear it", async () => {
    await workspace.route({ voice_callback_url: customer.at("/room"), voice_signing_secret: SECRET });
    const listens = caller(scenario(connected, receive("BYE"), accept()), workspace.number, server.sip);
    // A failure of SIPp's shows below, as the conference that is not there.
    listens.catch(() => {});
    const [room] = await eventually("the conference", async () => {
      const live = await workspace.get("/v1/conferences");
      return live[0]?.begun && live;
    });
    const [listener] = room.members;
    await call("/room", undefined);
    await workspace.post(`/v1/calls/${listener.call_id}/hangup`, {});
    await listens;
    const [newest] = await eventually("a recording", async () => {
      const list = await workspace.get("/v1/recordings?limit=1");
      return list[0]?.source === "conference" && list;
    });
    const { channels } = await audio(newest.id);
    assert.equal(channels.length, 1);
    isLike("caller", channels[0]);
  });

  test("a message is what was said, without the silence around it", async () => {
    const form = await call("/message", "/kept", { scenarioOf: talksAndWaits });
    const { recording, channels } = await audio(form.RecordingId);
    assert.equal(form.RecordingUrl, `${server.url}/v1/recordings/${recording.id}/audio`);
    assert.deepEqual([recording.source, channels.length], ["record", 1]);
    isLike("caller", channels[0]);
    assert.ok(Math.abs(recording.duration_ms - SECONDS * 1_000) < 400, `${recording.duration_ms} ms`);
    assert.ok(Math.abs(Number(form.RecordingDuration) - SECONDS) <= 1, form.RecordingDuration);
  });

  test("a message of TwiML keeps its silence where it is asked to", async () => {
    const form = await call("/twiml", "/kept", { scenarioOf: talksAndWaits });
    const { recording, channels } = await audio(form.RecordingId);
    isLike("caller", channels[0]);
    assert.ok(recording.duration_ms > SECONDS * 1_000 + 1_500, `${recording.duration_ms} ms`);
  });

  test("who says nothing leaves no message", async () => {
    const listens = () => scenario(connected, receive("BYE"), accept());
    const before = await workspace.get("/v1/recordings");
    await call("/silent", undefined, { scenarioOf: listens });
    const [newest] = await workspace.get("/v1/calls?limit=1");
    const events = await workspace.get(`/v1/calls/${newest.id}/events`);
    const outcomes = events.filter(({ kind }) => kind === "verb.ended").map(({ data }) => data.outcome);
    assert.equal(outcomes[0], "nothing_said");
    await eventually("no further recording", async () => (await workspace.get("/v1/recordings")).length === before.length);
  });

  test("a file that is played is heard as it is", async () => {
    const store = createServer((_, response) => response.setHeader("Content-Type", "audio/wav").end(wavOf(said.callee)));
    store.listen(0, "127.0.0.1");
    await once(store, "listening");
    const far = await carrier(callee(files.caller), trunks.plain.port);
    const placed = await workspace.post("/v1/calls", {
      from: workspace.number, to: trunks.plain.number, record: "dual",
      actions: [{ play: { url: `http://127.0.0.1:${store.address().port}/song.wav` } }, { pause: { length: 2 } }, { hangup: {} }],
    }, 202);
    await far.done;
    const [newest] = await workspace.get(`/v1/recordings?call_id=${placed.call_id}`);
    const { channels } = await audio(newest.id);
    // On the left is who was called, on the right what it hears.
    isLike("caller", channels[0]);
    isLike("callee", channels[1]);
    store.close();
  });

  test("both sides are heard in one channel, and a whole call is recorded when it is placed so", async () => {
    const far = await carrier(callee(files.callee), trunks.plain.port);
    const placed = await workspace.post("/v1/calls", {
      from: workspace.number, to: trunks.plain.number, record: true, actions: [{ pause: { length: SECONDS + 2 } }],
    }, 202);
    await far.done;
    const pending = await fetch(`${server.url}/v1/calls/${placed.call_id}/recording`, { headers: workspace.headers, redirect: "manual" });
    assert.ok([202, 302].includes(pending.status), `${pending.status}`);
    const [newest] = await workspace.get(`/v1/recordings?call_id=${placed.call_id}`);
    const { recording, channels } = await audio(newest.id);
    assert.deepEqual([recording.source, channels.length], ["call", 1]);
    isLike("callee", channels[0]);
  });
});
