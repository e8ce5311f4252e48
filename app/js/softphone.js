// The softphone page: our own SDK behind the dial pad that the server rendered (app/src/pages/softphone.rs).
//
// One line at a time: a second incoming call is declined as busy, and nothing that costs money is begun twice, however often a
// button is pressed. States of the line:
//
//   idle ──call──▶ calling ──ringing──▶ ringing ──answered──▶ inCall ──ended──▶ idle
//   idle ──incoming──▶ incoming ──accept──▶ inCall        incoming ──reject/ended──▶ idle

import { SautikitClient } from "/sdk/browser/index.esm.js";

const root = document.querySelector('[data-phone="root"]');
const words = JSON.parse(root.dataset.words);
const part = (name) => document.querySelector(`[data-phone="${name}"]`);
const numberField = part("to");

// A fixed identity, so that the phone's address stays the same from token to token.
async function getToken() {
  const answer = await fetch("/v1/sip/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ identity: root.dataset.identity }),
  });
  if (answer.status === 401) throw new Error(words.signedOut);
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error.message), { code: body.error.code });
  // Tokens are of the workspace that the person works in; another tab may have entered another one.
  if (!body.sip_uri.includes(root.dataset.workspace.replaceAll("-", ""))) throw new Error(words.otherWorkspace);
  return body;
}

// The record follows the end within a moment.
const RECORD_LOOKS = 5;
const RECORD_PAUSE_MS = 500;

const client = new SautikitClient({ getToken });
// Pages of the console look again when a call changes.
const calls = new BroadcastChannel("sautikit-calls");
let call = null;
// From the click to the call's first step: while the browser asks for the microphone, say.
let placing = false;
let answeredAt = 0;

function showConnection(state, tone) {
  const badge = part("connection");
  badge.textContent = words[state];
  badge.className = `badge badge--${tone}`;
}

// Which buttons stand below the pad in which state; the dial form stays, its keys send digits during a call.
function showLine(state, party = "") {
  root.dataset.state = state;
  part("state").textContent = words[state];
  part("party").textContent = party;
  part("accept").disabled = false;
  const busy = ["calling", "ringing", "inCall"].includes(state);
  part("when-idle").hidden = busy || state === "incoming";
  part("when-incoming").hidden = state !== "incoming";
  part("when-busy").hidden = !busy;
}

function showProblem(problem) {
  part("problem").hidden = !problem;
  part("problem-text").textContent = problem ? [problem.message ?? String(problem), problem.remedy].filter(Boolean).join(" ") : "";
  const code = part("problem-code");
  code.textContent = problem?.code ?? "";
  // Codes of the API have a page each, those of the SDK have not.
  code.removeAttribute("href");
  if (problem?.documented) code.href = `/docs/errors/${problem.code}`;
}

function showMute(muted) {
  const button = part("mute");
  button.textContent = muted ? words.unmute : words.mute;
  button.setAttribute("aria-pressed", String(muted));
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

setInterval(() => {
  part("timer").textContent = answeredAt ? clock(Math.floor((performance.now() - answeredAt) / 1000)) : "";
}, 500);

// The seconds are those of the call's record once it is written: what the wallet pays for.
async function recordedSeconds(callId) {
  for (let look = 0; look < RECORD_LOOKS; look += 1) {
    const answer = await fetch(`/v1/calls/${encodeURIComponent(callId)}`);
    if (!answer.ok) return undefined;
    const record = await answer.json();
    if (record.ended_at) return record.duration_seconds;
    await new Promise((resolve) => setTimeout(resolve, RECORD_PAUSE_MS));
  }
  return undefined;
}

function remember({ direction, callId }, party, outcome, seconds) {
  const entry = document.createElement("li");
  const arrow = direction === "inbound" ? "←" : "→";
  const told = (seconds) => (seconds ? `${outcome} · ${clock(seconds)}` : outcome);
  const [, after] = [`${arrow} ${party}`, told(seconds)].map((text) => {
    const span = Object.assign(document.createElement("span"), { textContent: text });
    entry.append(span);
    return span;
  });
  if (callId) {
    entry.append(Object.assign(document.createElement("a"), { href: `/calls/${callId}`, target: "sautikit-console", textContent: words.openCall }));
    // Without an answer the phone's own count stays.
    recordedSeconds(callId).then((recorded) => { if (recorded !== undefined) after.textContent = told(recorded); }, () => {});
  }
  part("log").prepend(entry);
}

// Follows one call from now to its end; `ended` and `failed` both bring the line back to idle.
function follow(next, party) {
  call = next;
  showMute(false);
  calls.postMessage("begun");
  let failed = false;
  next.on("ringing", () => showLine("ringing", party));
  next.on("answered", () => {
    answeredAt = performance.now();
    showLine("inCall", party);
    calls.postMessage("answered");
  });
  next.on("muted", (detail) => showMute(detail.muted));
  next.on("failed", () => { failed = true; });
  next.on("ended", ({ reason, error, code, durationSeconds }) => {
    const outcome = words.reasons[reason] ?? reason;
    call = null;
    answeredAt = 0;
    showLine("idle");
    part("state").textContent = `${failed ? words.failed : words.ended} · ${outcome}`;
    if (failed) showProblem({ message: words.problems[error] ?? outcome, code: error ?? `SIP ${code}`, documented: Boolean(error) });
    remember(next, party, outcome, durationSeconds);
    calls.postMessage("ended");
  });
}

async function attempt(action) {
  showProblem(null);
  try {
    await action();
  } catch (problem) {
    // Hung up before it was on its way, or asked of a call that ended meanwhile: nothing went wrong.
    if (!call && !placing && problem?.code === "call.wrong_state") return;
    if (problem?.code !== "call.canceled") showProblem(problem);
    if (!call && !placing) showLine("idle");
  }
}

part("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const destination = numberField.value.replace(/[\s()-]/g, "");
  // A key that repeats submits the form many times a second.
  if (!destination || call || placing) return numberField.focus();
  placing = true;
  showLine("calling", destination);
  attempt(async () => {
    try {
      follow(await client.call(destination, { from: part("from").value }), destination);
    } finally {
      placing = false;
    }
  });
});

for (const key of root.querySelectorAll("[data-digit]")) {
  key.addEventListener("click", () => {
    if (root.dataset.state === "inCall") attempt(() => call.sendDtmf(key.dataset.digit));
    else numberField.value += key.dataset.digit;
  });
}

// A call that is being placed is the client's only one.
part("hangup").addEventListener("click", () => attempt(() => (call ?? client.calls[0])?.hangup()));
part("accept").addEventListener("click", () => {
  part("accept").disabled = true;
  attempt(() => call?.accept());
});
part("reject").addEventListener("click", () => attempt(() => call?.reject()));
part("mute").addEventListener("click", () => attempt(() => call?.mute(!call.isMuted)));

// Leaving this page ends the call: ask first.
addEventListener("beforeunload", (event) => {
  if (call || placing) event.preventDefault();
});

// A link to the phone on a page of the console, while this window is open.
new BroadcastChannel("sautikit-phone").addEventListener("message", ({ data }) => {
  if (call || placing) return;
  if (data.to) numberField.value = data.to;
  if (data.from) part("from").value = data.from;
  numberField.focus();
});

client.on("registered", () => showConnection("ready", "good"));
client.on("unregistered", () => showConnection("offline", "bad"));
client.on("reconnecting", () => showConnection("reconnecting", "warn"));
client.on("reconnected", () => showConnection("ready", "good"));
client.on("error", showProblem);
client.on("incoming", (incoming) => {
  if (call || placing) return void incoming.reject({ reason: "busy" });
  follow(incoming, incoming.from);
  showLine("incoming", incoming.from);
});

showLine("idle");
showConnection("connecting", "live");
attempt(async () => {
  try {
    await client.connect();
    showConnection("ready", "good");
  } catch (problem) {
    showConnection("offline", "bad");
    throw problem;
  }
});
