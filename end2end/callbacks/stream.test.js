// A voice agent as it is written for Twilio's media streams: a plain `ws` server that echoes what it hears. It knows nothing of
// Sautikit; the handler that connects it is made by Twilio's package, and checks its signature with it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import express from "express";
import { WebSocketServer } from "ws";
import { presses } from "../sipp/callers.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const require = createRequire(import.meta.url);
const twilio = require("twilio");

const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";
/** Of μ-law: 20 ms. */
const FRAME_BYTES = 160;

let server, workspace, http, url;
/** What the agent was told, and whether Twilio would have opened the WebSocket. */
const told = [];
let wasSigned;

before(async () => {
  const app = express();
  app.post("/voice", (_, response) => {
    const answer = new twilio.twiml.VoiceResponse();
    answer.connect().stream({ url: `${url.replace("http", "ws")}/agent?room=1` }).parameter({ name: "lang", value: "sw" });
    // The caller is still pressing when the agent closes.
    answer.say("Thank you for calling, and goodbye.");
    response.type("text/xml").send(answer.toString());
  });
  http = createServer(app);
  const sockets = new WebSocketServer({ server: http, path: "/agent" });
  sockets.on("connection", (socket, request) => {
    wasSigned = twilio.validateRequest(AUTH_TOKEN, request.headers["x-twilio-signature"], `ws://${request.headers.host}${request.url}`, {});
    let streamSid;
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      told.push(message);
      if (message.event === "start") streamSid = message.start.streamSid;
      if (message.event === "media") {
        socket.send(JSON.stringify({ event: "media", streamSid, media: { payload: message.media.payload } }));
        if (message.media.chunk === "10") socket.send(JSON.stringify({ event: "mark", streamSid, mark: { name: "ten frames" } }));
      }
      // The caller has pressed both keys.
      if (told.filter(({ event }) => event === "dtmf").length === 2) {
        socket.send(JSON.stringify({ event: "clear", streamSid }));
        socket.close();
      }
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  url = `http://127.0.0.1:${http.address().port}`;
  const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  server = await startOperated(settings);
  workspace = await openWorkspace(server.url);
  await workspace.route({ voice_callback_url: `${url}/voice`, voice_signing_secret: AUTH_TOKEN, compat: "twilio" });
});

after(async () => {
  if (server) await isIdle(server);
  http?.closeAllConnections();
  http?.close();
  await server?.stop();
});

test("an agent that was written for Twilio connects, hears keys and audio, and hands the call back", async () => {
  await caller(presses(4, 2), workspace.number, server.sip, { more: ["-rtp_echo"] });
  const call = await workspace.newestBilled();
  assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  assert.equal(wasSigned, true);
  const of = (event) => told.filter((message) => message.event === event);
  assert.deepEqual(told.slice(0, 2).map(({ event }) => event), ["connected", "start"]);
  const { start } = of("start")[0];
  assert.deepEqual([start.tracks, start.customParameters], [["inbound"], { lang: "sw" }]);
  assert.deepEqual(of("dtmf").map(({ dtmf }) => dtmf.digit), ["4", "2"]);
  assert.deepEqual(of("mark").map(({ mark }) => mark.name), ["ten frames"]);
  const media = of("media");
  assert.ok(media.length > 25, `${media.length} frames`);
  assert.ok(media.every(({ media: { payload } }) => Buffer.from(payload, "base64").length === FRAME_BYTES));
  assert.deepEqual(media.map(({ media: { chunk } }) => Number(chunk)), media.map((_, at) => at + 1));
  const numbers = told.slice(1).map(({ sequenceNumber }) => Number(sequenceNumber));
  assert.deepEqual(numbers, numbers.map((_, at) => at + 1));
  const events = await eventually("the end of the stream", async () => {
    const all = await workspace.get(`/v1/calls/${call.id}/events`);
    return all.some(({ kind }) => kind === "stream.ended") && all;
  });
  const ended = events.find(({ kind, data }) => kind === "verb.ended" && data.verb === "stream");
  assert.equal(ended.data.outcome, "closed");
});
