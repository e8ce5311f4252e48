// The softphone page: our own SDK behind the dial pad that the server rendered (app/src/pages/softphone.rs).
//
// One line at a time: a second incoming call is declined as busy. States of the line:
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
  return body;
}

const client = new SautikitClient({ getToken });
// Pages of the console look again when a call changes.
const calls = new BroadcastChannel("sautikit-calls");
let call = null;
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

function remember({ direction, callId }, party, outcome) {
  const entry = document.createElement("li");
  const arrow = direction === "inbound" ? "←" : "→";
  for (const text of [`${arrow} ${party}`, outcome]) entry.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (callId) {
    entry.append(Object.assign(document.createElement("a"), { href: `/calls/${callId}`, target: "sautikit-console", textContent: words.openCall }));
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
    remember(next, party, durationSeconds ? `${outcome} · ${clock(durationSeconds)}` : outcome);
    calls.postMessage("ended");
  });
}

async function attempt(action) {
  showProblem(null);
  try {
    await action();
  } catch (problem) {
    showProblem(problem);
    if (!call) showLine("idle");
  }
}

part("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const destination = numberField.value.replace(/[\s()-]/g, "");
  if (!destination || call) return numberField.focus();
  attempt(async () => {
    showLine("calling", destination);
    follow(await client.call(destination, { from: part("from").value }), destination);
  });
});

for (const key of root.querySelectorAll("[data-digit]")) {
  key.addEventListener("click", () => {
    if (call && root.dataset.state === "inCall") attempt(() => call.sendDtmf(key.dataset.digit));
    else numberField.value += key.dataset.digit;
  });
}

part("hangup").addEventListener("click", () => attempt(() => call?.hangup()));
part("accept").addEventListener("click", () => attempt(() => call?.accept()));
part("reject").addEventListener("click", () => attempt(() => call?.reject()));
part("mute").addEventListener("click", () => attempt(() => call?.mute(!call.isMuted)));

// Leaving this page ends the call: ask first.
addEventListener("beforeunload", (event) => {
  if (call) event.preventDefault();
});

// A link to the phone on a page of the console, while this window is open.
new BroadcastChannel("sautikit-phone").addEventListener("message", ({ data }) => {
  if (call) return;
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
  if (call) return void incoming.reject({ reason: "busy" });
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
