// Callers who meet: a conference and a queue, by documents of Twilio's own builder, with SIPp as all callers.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { hangsUpAfter, isTold, listens } from "../sipp/callers.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { readDescription } from "../support/description.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { startExpress } from "./express.js";

const { VoiceResponse } = createRequire(import.meta.url)("twilio").twiml;

const SECRET = "a-secret-that-the-customer-chose";

const twiml = (build) => {
  const response = new VoiceResponse();
  build(response);
  return response.toString();
};

describe("callers who meet", () => {
  let server, workspace, express, description;
  /** What the number's handler answers, by the order of the calls. */
  let voice = [];

  const PAGES = {
    "/voice": () => voice.shift() ?? [],
    // Long enough for whoever comes next; no voice is needed for it.
    "/wait": () => twiml((response) => response.pause({ length: 30 })),
    "/room": () => [],
    "/next": () => [{ hangup: {} }],
    "/after": () => [{ pause: { length: 1 } }, { redirect: { url: "/next" } }],
  };

  before(async () => {
    const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
    server = await startOperated(settings);
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

  test("a conference has its music by a document, begins with its host, ends with it, and tells all of that", async () => {
    const enters = (more) => twiml((response) => response.dial({ action: "/next" }).conference({
      beep: "false", waitUrl: "/wait", statusCallback: "/room", statusCallbackEvent: ["start", "end", "join", "leave"], ...more,
    }, "team"));
    voice = [
      enters({ startConferenceOnEnter: false, participantLabel: "guest" }),
      enters({ startConferenceOnEnter: true, endConferenceOnExit: true, participantLabel: "host" }),
    ];
    const asked = express.since();
    const guest = caller(listens, workspace.number, server.sip);
    // A failure of SIPp's shows below, as the request that does not come.
    guest.catch(() => {});
    const waits = await asked.told("/wait");
    assert.equal(waits.FriendlyName, "team");
    const [live] = await workspace.get("/v1/conferences");
    assert.deepEqual([live.id, live.begun, live.members[0].label], [waits.ConferenceSid, false, "guest"]);
    await Promise.all([caller(hangsUpAfter(2_000), workspace.number, server.sip), guest]);
    const room = await eventually("its end", () => asked.forms("/room").length === 6 && asked.forms("/room"));
    // They are sent one after the other and nobody waits for the answer of one, so they may cross.
    const told = room.map((form) => [form.StatusCallbackEvent, form.ParticipantLabel, form.ReasonConferenceEnded].filter(Boolean).join(" "));
    assert.deepEqual(told.sort(), [
      "conference-end participant-with-end-conference-on-exit-left", "conference-start",
      "participant-join guest", "participant-join host", "participant-leave guest", "participant-leave host",
    ]);
    for (const form of room) {
      assert.deepEqual([form.ConferenceSid, form.FriendlyName], [waits.ConferenceSid, "team"]);
      description.assertAllows("StatusCallback", { ...form });
    }
    description.assertAllows("VoiceCallback", { ...waits });
    const { ConferenceName, ConferenceDuration } = await asked.told("/next");
    assert.equal(ConferenceName, "team");
    assert.ok(Number(ConferenceDuration) >= 2, ConferenceDuration);
  });

  test("a queue gives its first caller to whoever takes one, and each goes on when the other is gone", async () => {
    voice = [
      twiml((response) => response.enqueue({ waitUrl: "/wait", action: "/next" }, "support")),
      twiml((response) => response.dial({ action: "/next" }).queue("support")),
    ];
    const asked = express.since();
    const waiting = caller(listens, workspace.number, server.sip);
    waiting.catch(() => {});
    const { QueueName, QueuePosition } = await asked.told("/wait");
    assert.deepEqual([QueueName, QueuePosition], ["support", "1"]);
    await Promise.all([caller(hangsUpAfter(1_500), workspace.number, server.sip), waiting]);
    const { QueueResult } = await asked.told("/next");
    assert.equal(QueueResult, "bridged");
  });

  test("a pause answers no call, and a redirect leads to the next document", async () => {
    voice = [[{ redirect: { url: "/after" } }]];
    const asked = express.since();
    await caller(isTold(480), workspace.number, server.sip);
    assert.equal((await asked.told("/next")).CallStatus, "ringing");
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.answered_at], ["no_answer", null]);
  });
});
