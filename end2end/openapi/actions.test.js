// Voice actions: what the description allows the API takes, and what it does not allow the API refuses. One number is not the
// workspace's, so that no call is placed: actions are looked at before it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readDescription } from "../support/description.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

const FOREIGN = "+254700000099";
const hundred = "9".repeat(100);

const lists = [
  ["no action", []],
  ["fifty", Array(50).fill({ hangup: {} })],
  ["fifty-one", Array(51).fill({ hangup: {} })],
  ["no list", { say: { text: "Hi" } }],
  ["two verbs in one", [{ say: { text: "Hi" }, hangup: {} }]],
  ["no verb", [{}]],
  ["null", [null]],
  ["an unknown verb", [{ shout: { text: "Hi" } }]],
  ["a verb in capitals", [{ SAY: { text: "Hi" } }]],
  ["rejecting first", [{ reject: {} }, { hangup: {} }]],
  ["rejecting after speech", [{ say: { text: "Hi" } }, { reject: {} }]],
  ["rejecting last, in its other spelling", [{ pause: {} }, { hangup: {} }, { Reject: {} }]],
  ["a second verb in its other spelling", [{ pause: {} }, { Hangup: {} }]],
  ["a verb in its other spelling", [{ GetDigits: { numDigits: 1 } }]],
];
const actions = [
  { say: { text: "Hi" } },
  { say: { text: "Hi", voice: "alice", language: "sw", rate: 1.25, loop: 0 } },
  { say: { text: "Hi", rate: null } },
  { say: { text: "Hi", rate: 5 } },
  { say: { text: "Hi", loop: 1.5 } },
  { say: { text: "Hi", pitch: 2 } },
  { say: { text: "  " } },
  { say: { text: "a\u0000b" } },
  { say: { text: "line\nline" } },
  { say: { text: "\n" } },
  { say: { text: "Hi", voice: "\u0000" } },
  { say: {} },
  { say: "Hi" },
  { getDigits: {} },
  { getDigits: { numDigits: 4, finishOnKey: "", attempts: 3 } },
  { getDigits: { maxDigits: 4 } },
  { getDigits: { numDigits: 4, maxDigits: 4 } },
  { getDigits: { numDigits: 4, maxDigits: null } },
  { getDigits: { numDigits: 33 } },
  { getDigits: { finishOnKey: "A" } },
  { getDigits: { prompt: { say: { text: "Hi" } } } },
  { getDigits: { prompt: [{ say: { text: "Hi" } }, { Say: { text: "Hi" } }], invalidPrompt: [] } },
  { getDigits: { prompt: { play: { url: "https://simba.example/a.wav" } } } },
  { getDigits: { prompt: "Hi" } },
  { dial: { to: "+254722000042" } },
  { dial: { to: "0722 000-042" } },
  { dial: { to: "(0722) 000.042" } },
  { dial: { to: " + 254722000042" } },
  { dial: { to: "12" } },
  { dial: { to: hundred } },
  { dial: { to: "+254+722000042" } },
  { dial: { to: "sip:desk@pbx.example" } },
  { dial: { to: "sips:desk@pbx.example;transport=tls" } },
  { dial: { to: "sip:" } },
  { dial: { to: "sip:desk@<pbx>" } },
  { dial: { to: "tel:+254722000042" } },
  { dial: { to: "client:front-desk" } },
  { dial: { to: "client:" } },
  { dial: { to: "client:front desk" } },
  { dial: { to: "front-desk" } },
  { dial: { to: ["+254722000042", { client: "front-desk" }] } },
  { dial: { to: [] } },
  { dial: { to: Array(11).fill("+254722000042") } },
  { dial: { to: { number: "+254722000042" } } },
  { dial: { to: { number: "client:front-desk" } } },
  { dial: { to: { client: `c${hundred}` } } },
  { dial: { to: { client: hundred + hundred } } },
  { dial: { to: { sip: "+254722000042" } } },
  { dial: { to: { number: "+254722000042", client: "front-desk" } } },
  { dial: { to: { tel: "+254722000042" } } },
  { dial: { to: {} } },
  { dial: { to: { number: "+254722000042", sendDigits: "ww12", whisperUrl: "/who", statusCallback: "/legs" } } },
  { dial: { to: { client: "front-desk", statusCallbackEvent: ["initiated", "ringing", "answered", "completed"] } } },
  { dial: { to: { client: "front-desk", statusCallbackEvent: [] } } },
  { dial: { to: { client: "front-desk", statusCallbackEvent: ["hung"] } } },
  { dial: { to: { client: "front-desk", statusCallbackEvent: "ringing" } } },
  { dial: { to: { client: "front-desk", sendDigits: "" } } },
  { dial: { to: { client: "front-desk", whisperUrl: null } } },
  { dial: { to: { sip: "sip:desk@pbx.example", username: "simba", password: "secret" } } },
  { dial: { to: { sip: "sip:desk@pbx.example", username: "simba" } } },
  { dial: { to: { sip: "sip:desk@pbx.example", password: "secret" } } },
  { dial: { to: { sip: "sip:desk@pbx.example", username: 'si"mba', password: "secret" } } },
  { dial: { to: { number: "+254722000042", username: "simba", password: "secret" } } },
  { conference: { name: "team", participantLabel: "agent", statusCallback: "/who", statusCallbackEvent: ["start", "end"] } },
  { conference: { name: "team", participantLabel: " " } },
  { conference: { name: "team", statusCallbackEvent: ["speaker"] } },
  { dial: {} },
  { dial: { to: "+254722000042", callerId: "" } },
  { dial: { to: "+254722000042", timeout: 4 } },
  { dial: { to: "+254722000042", timeout: 5, maxDuration: 86_400, sequential: true, hangupOnStar: true, action: "/next" } },
  { pause: {} },
  { pause: { length: 600 } },
  { pause: { length: 601 } },
  { redirect: { url: "/menu" } },
  { redirect: { url: "" } },
  { redirect: { url: "/menu\u0000" } },
  { redirect: {} },
  { reject: {} },
  { reject: { reason: "busy" } },
  { reject: { reason: null } },
  { reject: { reason: "asleep" } },
  { hangup: {} },
  { hangup: { reason: "busy" } },
  { hangup: [] },
];

let server, workspace, description;

before(async () => {
  server = await startServer("limits.key_requests_per_second = 0\nlimits.ip_requests_per_second = 0\n");
  workspace = await openWorkspace(server.url);
  description = await readDescription(server.url);
});

after(() => server?.stop());

/** Whether the API takes the list: then it goes on to look at the number. */
async function isTaken(list) {
  const body = JSON.stringify({ to: "+254722000042", from: FOREIGN, actions: list });
  const headers = { "Content-Type": "application/json", ...workspace.headers };
  const response = await fetch(`${server.url}/v1/calls`, { method: "POST", headers, body });
  const { error } = await response.json();
  assert.ok(error.code === "actions.invalid" || error.field === "from", JSON.stringify(error));
  return error.field === "from";
}

const turnsAway = (list) => Array.isArray(list) && /^reject$/i.test(Object.keys(list[0] ?? {})[0] ?? "");

test("the API takes the actions that the description allows, and no others", async () => {
  const verdicts = { true: 0, false: 0 };
  for (const [name, list] of [...lists, ...actions.map((action) => [JSON.stringify(action), [action]])]) {
    const taken = await isTaken(list);
    // The description is of every list that is sent, an answer too; a call that is placed does not begin with `reject`.
    assert.equal(taken, description.allows("VoiceActions", list) && !turnsAway(list), name);
    verdicts[taken] += 1;
  }
  assert.ok(verdicts.true > 25 && verdicts.false > 25, JSON.stringify(verdicts));
});
