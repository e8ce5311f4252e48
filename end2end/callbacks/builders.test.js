// Documents as Twilio's and Africa's Talking's own packages build them, for every verb that they have.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { presses } from "../sipp/callers.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { startExpress } from "./express.js";

const require = createRequire(import.meta.url);
const { VoiceResponse } = require("twilio").twiml;
const ActionBuilder = require("africastalking/lib/actionbuilder");

const SECRET = "a-secret-that-the-customer-chose";
const NUMBER = "+254700000001";
const CALLEE = "+254722000042";
const SKIPPED = /not supported yet; it was skipped$/;

const twiml = (build) => {
  const response = new VoiceResponse();
  build(response);
  return response.toString();
};
const actions = (build) => build(new ActionBuilder()).build();

/** By path: the document, the verbs that it is read as, and what its warnings say. */
const DOCUMENTS = {
  "/twilio/say": [twiml((r) => r.say({ voice: "Polly.Joanna", language: "en-GB", loop: 2 }, "Tom & Jerry")), ["say"], []],
  "/twilio/play": [twiml((r) => r.play({ loop: 1 }, "https://a.example/a.mp3")), ["play"], []],
  "/twilio/play with digits": [twiml((r) => r.play({ digits: "wwww3" })), ["sendDigits"], []],
  "/twilio/gather": [
    twiml((r) => {
      const gather = r.gather({ input: "dtmf", numDigits: 1, timeout: 3, action: "/menu?a=1&b=2", finishOnKey: "#" });
      gather.say("Press 1");
      gather.play("https://a.example/menu.mp3");
      gather.pause({ length: 1 });
      r.say("Goodbye");
    }), ["getDigits", "say"], []],
  "/twilio/speech": [twiml((r) => r.gather({ input: "speech", hints: "yes, no" })), ["getDigits", "hangup"], [/speech is not recognised/, /no attribute hints/]],
  "/twilio/dial": [
    twiml((r) => {
      const dial = r.dial({ callerId: NUMBER, timeout: 20, timeLimit: 600, action: "/after", hangupOnStar: true, answerOnBridge: true, record: "record-from-answer", recordingStatusCallback: "/kept" });
      dial.number({ sendDigits: "wwww1928", url: "/who", method: "POST", statusCallback: "/legs", statusCallbackEvent: ["initiated", "ringing", "answered", "completed"], statusCallbackMethod: "POST" }, CALLEE);
      dial.client({ url: "/who", statusCallback: "/legs" }, "asha");
      dial.sip({ username: "simba", password: "secret", url: "/who" }, "sip:asha@example.com");
    }), ["dial"], []],
  "/twilio/dial with text": [twiml((r) => r.dial(CALLEE)), ["dial"], []],
  "/twilio/conference": [
    twiml((r) => r.dial().conference({ beep: "onEnter", startConferenceOnEnter: true, endConferenceOnExit: false, maxParticipants: 5, participantLabel: "agent", waitUrl: "/wait", waitMethod: "POST", statusCallback: "/who", statusCallbackEvent: ["start", "end", "join", "leave", "mute", "hold", "modify"] }, "team")),
    ["conference"], []],
  "/twilio/queue": [twiml((r) => r.dial().queue("support")), ["dequeue"], []],
  "/twilio/record": [twiml((r) => r.record({ maxLength: 10, recordingStatusCallback: "/kept", recordingStatusCallbackEvent: ["completed"] })), ["record"], []],
  "/twilio/enqueue": [twiml((r) => r.enqueue({ waitUrl: "/wait", action: "/after" }, "support")), ["enqueue"], []],
  "/twilio/leave": [twiml((r) => r.leave()), ["leave"], []],
  "/twilio/connect": [twiml((r) => r.connect().stream({ url: "wss://a.example/s" })), ["stream"], []],
  "/twilio/start": [twiml((r) => r.start().stream({ url: "wss://a.example/s" })), ["stream"], []],
  "/twilio/stop": [twiml((r) => r.stop().stream({ name: "s" })), ["stopStream"], []],
  "/twilio/pay": [twiml((r) => r.pay()), [], [SKIPPED]],
  "/twilio/prompt": [twiml((r) => r.prompt()), [], [SKIPPED]],
  "/twilio/refer": [twiml((r) => r.refer().sip("sip:a@b.example")), [], [SKIPPED]],
  "/twilio/sms": [twiml((r) => r.sms("hi")), [], [SKIPPED]],
  "/twilio/echo": [twiml((r) => r.echo()), [], [/<Echo> is no verb/]],
  "/twilio/pause": [twiml((r) => r.pause({ length: 2 })), ["pause"], []],
  "/twilio/redirect": [twiml((r) => r.redirect({ method: "POST" }, "/menu")), ["redirect"], []],
  "/twilio/reject": [twiml((r) => r.reject({ reason: "busy" })), ["reject"], []],
  "/twilio/hangup": [twiml((r) => r.hangup()), ["hangup"], []],
  "/twilio/nothing": [twiml(() => {}), [], []],
  "/africastalking/say": [actions((a) => a.say("Tom & Jerry", { voice: "woman", playBeep: false })), ["say"], [/no attribute playBeep/]],
  "/africastalking/play": [actions((a) => a.play("https://a.example/a.mp3")), ["play"], []],
  "/africastalking/getDigits": [
    actions((a) => a.getDigits({ say: { text: "Press 1" } }, { numDigits: 1, timeout: 10, finishOnKey: "#", callbackUrl: "https://a.example/?x=1&y=2" })),
    ["getDigits", "hangup"], []],
  "/africastalking/dial": [
    actions((a) => a.dial(`${CALLEE},asha@ke.sip.africastalking.com`, { record: true, sequential: true, callerId: NUMBER, maxDuration: 600 })),
    ["dial"], []],
  "/africastalking/record": [actions((a) => a.record({ say: { text: "Speak" } }, { maxLength: 10, trimSilence: true })), ["say", "record"], []],
  "/africastalking/enqueue": [actions((a) => a.enqueue({ name: "support" })), ["enqueue"], []],
  "/africastalking/dequeue": [actions((a) => a.dequeue(CALLEE, { name: "support" })), ["dequeue"], []],
  "/africastalking/conference": [actions((a) => a.conference()), ["conference"], []],
  "/africastalking/redirect": [actions((a) => a.redirect("https://a.example/?x=1&y=2")), ["redirect"], []],
  "/africastalking/reject": [actions((a) => a.reject()), ["reject"], []],
};

describe("documents of other platforms' builders", () => {
  let server, customer, workspace;

  before(async () => {
    const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
    server = await startOperated(settings);
    const pages = Object.entries(DOCUMENTS).map(([path, [document]]) => [path.replaceAll(" ", "-"), () => document]);
    customer = await startExpress(SECRET, {
      ...Object.fromEntries(pages),
      "/menu": () => twiml((r) => {
        r.gather({ numDigits: 3, action: "/pressed" }).say("Press three keys.");
        r.say("Goodbye.");
      }),
      "/pressed": ({ Digits }) => actions((a) => a.say(`You pressed ${Digits} & no more.`)),
    });
    workspace = await openWorkspace(server.url, { email: "migrant@example.com", number: NUMBER });
  });
  after(async () => {
    if (server) await isIdle(server);
    customer?.stop();
    await server?.stop();
  });

  test("the packages have no verb that is not tried", () => {
    const verbs = (prototype) => Object.getOwnPropertyNames(prototype).filter((name) => !/^(constructor|build|comment.*)$/.test(name));
    const tried = (platform) => Object.keys(DOCUMENTS).filter((path) => path.startsWith(`/${platform}/`)).map((path) => path.split("/")[2]);
    for (const [platform, prototype] of [["twilio", VoiceResponse.prototype], ["africastalking", ActionBuilder.prototype]]) {
      assert.deepEqual(verbs(prototype).filter((verb) => !tried(platform).includes(verb)), [], platform);
    }
  });

  test("each is read as it is meant, and what is not supported is named", async () => {
    for (const [path, [document, verbs, warnings]] of Object.entries(DOCUMENTS)) {
      await workspace.route({ voice_callback_url: customer.at(path.replaceAll(" ", "-")), voice_signing_secret: SECRET });
      const tested = await workspace.post(`/v1/numbers/${workspace.numberId}/routing/test`, {});
      assert.equal(tested.error, null, `${path}: ${document}`);
      assert.deepEqual(tested.actions.map((action) => Object.keys(action)[0]), verbs, `${path}: ${document}`);
      const said = tested.warnings.map(({ message }) => message);
      assert.equal(said.length, warnings.length, `${path}: ${said}`);
      warnings.forEach((warning, at) => assert.match(said[at], warning, path));
    }
  });

  test("a menu of both steers a call to its end", async () => {
    await workspace.route({ voice_callback_url: customer.at("/menu"), voice_signing_secret: SECRET });
    await caller(presses(1, 2, 3), NUMBER, server.sip);
    const { form } = await customer.told(({ path }) => path === "/pressed");
    assert.equal(form.Digits, "123");
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
    const events = await workspace.get(`/v1/calls/${call.id}/events`);
    const said = events.filter(({ kind, data }) => kind === "verb.started" && data.verb === "say").map(({ data }) => data.attributes.text);
    assert.deepEqual(said, ["You pressed 123 & no more."]);
  });
});
