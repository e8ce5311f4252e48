// What holds for one target of a dial alone, with SIPp as the caller and as who is dialled: an extension that is pressed, a
// document that is asked before the two are connected, and who is told how calling it goes.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { openPeer } from "../negotiation/peer.js";
import { isTold, listens } from "../sipp/callers.js";
import { answers, hangsUpAfter, pressesAndHangsUp, ringsThenRefuses } from "../sipp/carriers.js";
import { HOST, caller, carrier, ownPort } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { readDescription } from "../support/description.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { startExpress } from "./express.js";

const { VoiceResponse } = createRequire(import.meta.url)("twilio").twiml;

const SECRET = "a-secret-that-the-customer-chose";
const EVENTS = ["initiated", "ringing", "answered", "completed"];

/** Keys that came as RFC 4733, each once: packets of one event have one timestamp. */
async function openEars() {
  const port = ownPort();
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  const events = new Map();
  let payloadType;
  socket.on("message", (packet) => {
    if ((packet[1] & 0x7f) === payloadType) events.set(packet.readUInt32BE(4), "0123456789*#ABCD"[packet[12]]);
  });
  return {
    pressed: () => [...events.values()].join(""),
    /** An answer to `offer` that takes keys by the number which the offer has for them. */
    answer(offer) {
      payloadType = Number(/a=rtpmap:(\d+) telephone-event\/8000/.exec(offer)[1]);
      return [
        "v=0", `o=peer 1 1 IN IP4 ${HOST}`, "s=-", `c=IN IP4 ${HOST}`, "t=0 0", `m=audio ${port} RTP/AVP 8 ${payloadType}`,
        "a=rtpmap:8 PCMA/8000", `a=rtpmap:${payloadType} telephone-event/8000`, "",
      ].join("\r\n");
    },
    close: () => socket.close(),
  };
}

describe("targets of a dial", () => {
  let server, trunks, workspace, express, description;
  /** What the number's handler answers. */
  let voice = () => [];

  const PAGES = {
    "/voice": () => voice(),
    "/who": () => [{ getDigits: { numDigits: 1, timeout: 2, action: "/taken" } }, { hangup: {} }],
    "/taken": () => [],
    "/legs": () => [],
    "/next": () => [{ hangup: {} }],
  };

  before(async () => {
    const reserved = await reserveTrunks({ callers: [{ sources: [`${HOST}/32`] }], screened: [{}], told: [{}], pressed: [{}] });
    trunks = reserved.trunks;
    server = await startOperated(reserved.settings);
    workspace = await openWorkspace(server.url);
    description = await readDescription(server.url);
    express = await startExpress(SECRET, PAGES);
    await workspace.route({ voice_callback_url: express.at("/voice"), voice_signing_secret: SECRET });
  });

  after(async () => {
    if (server) await isIdle(server);
    express?.stop();
    await server?.stop();
  });

  test("a key of whoever answers takes the call, after a document of its own", async () => {
    const { number, port } = trunks.screened;
    voice = () => [{ dial: { to: { number, whisperUrl: "/who" }, action: "/next" } }];
    const asked = express.since();
    const far = await carrier(pressesAndHangsUp(1, 1_000), port);
    await Promise.all([caller(listens, workspace.number, server.sip), far.done]);
    assert.equal((await asked.told("/who")).DialTarget, number);
    assert.equal((await asked.told("/taken")).Digits, "1");
    const { DialCallStatus, DialBridgedTo } = await asked.told("/next");
    assert.deepEqual([DialCallStatus, DialBridgedTo], ["completed", number]);
    assert.equal((await workspace.newestBilled()).status, "completed");
  });

  test("whoever presses none does not take it, and the caller was never answered", async () => {
    const { number, port } = trunks.screened;
    voice = () => [{ dial: { to: { number, whisperUrl: "/who" }, action: "/next" } }];
    const asked = express.since();
    const far = await carrier(answers, port);
    await Promise.all([caller(isTold(480), workspace.number, server.sip), far.done]);
    assert.equal((await asked.told("/next")).DialCallStatus, "no_answer");
    assert.deepEqual(asked.forms("/taken"), []);
    assert.equal((await workspace.newestBilled()).answered_at, null);
  });

  test("somebody else is told how calling it goes, to its end", async () => {
    const { number, port } = trunks.told;
    voice = () => [{ dial: { to: { number, statusCallback: "/legs", statusCallbackEvent: EVENTS }, action: "/next" } }];
    const asked = express.since();
    const far = await carrier(hangsUpAfter(1_000), port);
    await Promise.all([caller(listens, workspace.number, server.sip), far.done]);
    const legs = await eventually("four of them", () => asked.forms("/legs").length === EVENTS.length && asked.forms("/legs"));
    // They are sent one after the other and nobody waits for the answer of one, so they may cross.
    legs.sort((a, b) => a.SequenceNumber - b.SequenceNumber);
    assert.deepEqual(legs.map((form) => form.StatusCallbackEvent), EVENTS);
    assert.ok(legs.every((form) => form.DialTarget === number && form.DialLeg === "1" && form.From === legs[0].From));
    const end = legs.at(-1);
    assert.deepEqual([end.DialCallStatus, end.HangupCause], ["completed", "normal_clearing"]);
    assert.ok(Number(end.DialCallDuration) >= 1, end.DialCallDuration);
    for (const form of legs) description.assertAllows("StatusCallback", { ...form });
  });

  test("in Twilio's words it is a child call, from a document of Twilio's own builder", async () => {
    const { number, port } = trunks.told;
    voice = () => {
      const response = new VoiceResponse();
      const dial = response.dial({ action: "/next" });
      dial.number({ statusCallback: "/legs", statusCallbackEvent: EVENTS }, number);
      return response.toString();
    };
    await workspace.route({ compat: "twilio" });
    const asked = express.since();
    const far = await carrier(ringsThenRefuses("486 Busy Here"), port);
    await Promise.all([caller(isTold(486), workspace.number, server.sip), far.done]);
    const legs = await eventually("three of them", () => asked.forms("/legs").length === 3 && asked.forms("/legs"));
    legs.sort((a, b) => a.SequenceNumber - b.SequenceNumber);
    assert.deepEqual(legs.map((form) => form.CallStatus), ["initiated", "ringing", "busy"]);
    assert.ok(legs.every((form) => form.To === number && form.From === workspace.number && form.Direction === "outbound-dial"));
    const next = await asked.told("/next");
    assert.equal(legs[0].ParentCallSid, next.CallSid);
    assert.ok(legs.every((form) => form.CallSid === next.DialCallSid && form.CallSid !== next.CallSid));
    assert.equal((await workspace.get(`/v1/calls/${next.DialCallSid}`)).pbx_call_id, next.CallSid, "before there is a record of the leg");
    const call = await eventually("its leg", async () => {
      const found = await workspace.get(`/v1/calls/${next.DialCallSid}`);
      return found.legs.length > 1 && found;
    });
    assert.deepEqual([call.pbx_call_id, call.legs[1].pbx_call_id, call.legs[1].target], [next.CallSid, next.DialCallSid, number]);
    for (const form of legs) description.assertAllows("StatusCallbackAsOfTwilio", { ...form });
    await workspace.route({ compat: "sautikit" });
  });

  test("an extension is pressed towards the one that has it, before the two are connected", async () => {
    const { number, port } = trunks.pressed;
    voice = () => [{ dial: { to: [{ number, sendDigits: "w12#" }], action: "/next" } }];
    const asked = express.since();
    const [peer, ears] = await Promise.all([openPeer(server.sip, port), openEars()]);
    try {
      const calling = caller(listens, workspace.number, server.sip);
      // A failure of SIPp's shows below, as the request that does not come.
      calling.catch(() => {});
      const call = await peer.called(number);
      call.reply("180 Ringing", "t");
      call.reply("200 OK", "t", ears.answer(call.offer));
      await call.acknowledged();
      await eventually("the keys", () => ears.pressed().length === 3);
      assert.equal(ears.pressed(), "12#");
      await eventually("the two are connected", async () => (await workspace.get("/v1/calls?limit=1"))[0]?.answered_at);
      await call.dialog("t").bye();
      assert.equal((await asked.told("/next")).DialBridgedTo, number);
      await calling;
      const { id } = await workspace.newestBilled();
      const [started] = (await workspace.get(`/v1/calls/${id}/events`)).filter(({ kind, data }) => kind === "verb.started" && data.verb === "dial");
      assert.equal(started.data.attributes.to[0].sendDigits, "••••");
    } finally {
      peer.close();
      ears.close();
    }
  });
});
