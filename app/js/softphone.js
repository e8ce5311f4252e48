// The softphone page: our own SDK behind the dial pad that the server rendered (app/src/pages/softphone.rs).
//
// One line is shown; a second may wait beside it, ringing or on hold, and a third caller is told that it is busy. Nothing that
// costs money is begun twice, however often a button is pressed. States of a line:
//
//   idle ──call──▶ calling ──ringing──▶ ringing ──answered──▶ inCall ──ended──▶ idle
//   idle ──incoming──▶ incoming ──accept──▶ inCall        incoming ──reject/ended──▶ idle

import { SautikitClient } from "/sdk/browser/index.esm.js";

const root = document.querySelector('[data-phone="root"]');
const words = JSON.parse(root.dataset.words);
const names = JSON.parse(root.dataset.names);
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
// Opinion scores from which a line is good, and fair.
const GOOD_MOS = 4;
const FAIR_MOS = 3.4;

const client = new SautikitClient({ getToken });
// Pages of the console look again when a call changes.
const calls = new BroadcastChannel("sautikit-calls");
/** Calls that are not over, the one that is shown first: `{ call, party, state, answeredAt, warning, quality }`. */
let lines = [];
/** What is said while no line is there. */
let last = words.idle;
let open = { keypad: false, transfer: false };

/** A person's name instead of a phone's identity; numbers stay as they are. */
const nameOf = (party) => {
  const identity = party.replace(/^(client|sips?):/, "").split("@")[0];
  return names[identity] ?? (identity.startsWith("console-") ? words.colleague : party);
};
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

function showConnection(state, tone) {
  const badge = part("connection");
  badge.textContent = words[state];
  badge.className = `badge badge--${tone}`;
}

function press(name, isPressed, label) {
  const button = part(name);
  button.setAttribute("aria-pressed", String(isPressed));
  if (label) button.textContent = label;
}

/** In a call the form gives way to the party; the pad comes back when it is asked for. */
function draw() {
  const [line, other] = lines;
  const state = line?.state ?? "idle";
  const isTalking = state === "inCall";
  const wasIdle = root.dataset.state === "idle" || !root.dataset.state;
  if (!isTalking) open = { keypad: false, transfer: false };
  root.dataset.state = state;
  part("party").textContent = line ? nameOf(line.party) : "";
  part("state").textContent = line?.note ?? (line?.call?.isHeld ? words.held : line ? words[state] : last);
  part("fields").hidden = Boolean(line);
  part("pad").hidden = Boolean(line) && !open.keypad;
  part("when-idle").hidden = Boolean(line);
  part("when-incoming").hidden = state !== "incoming";
  part("when-busy").hidden = !["calling", "ringing", "inCall"].includes(state);
  for (const name of ["mute", "hold", "keypad", "transfer"]) part(name).disabled = !isTalking;
  part("levels").hidden = !isTalking;
  part("transfer-form").hidden = !open.transfer;
  part("timer").hidden = !isTalking;
  part("quality").textContent = isTalking ? line.warning ?? line.quality ?? "" : "";
  press("mute", Boolean(line?.call?.isMuted), line?.call?.isMuted ? words.unmute : words.mute);
  press("hold", Boolean(line?.call?.isHeld), line?.call?.isHeld ? words.resume : words.hold);
  press("keypad", open.keypad);
  press("transfer", open.transfer);
  part("waiting").hidden = !other;
  if (other) {
    const rings = other.state === "incoming";
    part("waiting-party").textContent = nameOf(other.party);
    part("waiting-state").textContent = rings ? words.waits : words.onHold;
    for (const name of ["waiting-accept", "waiting-reject"]) part(name).hidden = !rings;
    part("switch").hidden = rings;
  }
  tick();
  // What had the focus is gone; a button in its place could be pressed by chance.
  if (line && wasIdle && (document.activeElement === document.body || document.activeElement === numberField)) part("line").focus();
}

function tick() {
  const answeredAt = lines[0]?.answeredAt;
  part("timer").textContent = answeredAt ? clock(Math.floor((performance.now() - answeredAt) / 1000)) : "";
}
setInterval(tick, 500);

function showProblem(problem) {
  part("problem").hidden = !problem;
  part("problem-text").textContent = problem ? [problem.message ?? String(problem), problem.remedy].filter(Boolean).join(" ") : "";
  const code = part("problem-code");
  code.textContent = problem?.code ?? "";
  // Codes of the API have a page each, those of the SDK have not.
  code.removeAttribute("href");
  if (problem?.documented) code.href = `/docs/errors/${problem.code}`;
}

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

// This phone's calls, kept in this browser for its person and workspace: the newest, for a week.
const HISTORY = `sautikit-phone:${root.dataset.workspace}:${root.dataset.identity}`;
const HISTORY_CALLS = 20;
const HISTORY_MS = 7 * 86_400_000;

/** What is kept, the newest first; nothing where the browser keeps nothing, or somebody has changed it. */
function keptCalls() {
  try {
    const kept = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
    return kept.filter(({ at, party }) => typeof party === "string" && Date.now() - at < HISTORY_MS).slice(0, HISTORY_CALLS);
  } catch {
    return [];
  }
}

function keep(calls) {
  try {
    localStorage.setItem(HISTORY, JSON.stringify(calls.slice(0, HISTORY_CALLS)));
  } catch {
    // There is no room: the list of this window stays.
  }
}

function remember({ direction, callId }, party, outcome, seconds) {
  const kept = { direction, callId, party, outcome, seconds, at: Date.now() };
  keep([kept, ...keptCalls()]);
  list(kept);
  // Without an answer the phone's own count stays.
  if (callId) recordedSeconds(callId).then((recorded) => recorded !== undefined && correct(callId, recorded), () => {});
}

/** The seconds of the record take the place of the phone's own. */
function correct(callId, seconds) {
  keep(keptCalls().map((one) => (one.callId === callId ? { ...one, seconds } : one)));
  const shown = part("log").querySelector(`[data-call="${CSS.escape(callId)}"] [data-told]`);
  if (shown) shown.textContent = told({ outcome: shown.dataset.told, seconds });
}

const told = ({ outcome, seconds }) => (seconds ? `${outcome} · ${clock(seconds)}` : outcome);
const moment = new Intl.DateTimeFormat(document.documentElement.lang === "sw" ? "sw-KE" : "en-KE", { dateStyle: "short", timeStyle: "short", hourCycle: "h23" });

/** A call in the list, above those before it. */
function list({ direction, callId, party, outcome, seconds, at }) {
  const entry = document.createElement("li");
  if (callId) entry.dataset.call = callId;
  const span = (textContent, className = "") => {
    const made = Object.assign(document.createElement("span"), { textContent, className });
    entry.append(made);
    return made;
  };
  span(`${direction === "inbound" ? "←" : "→"} ${nameOf(party)}`);
  span(told({ outcome, seconds })).dataset.told = outcome;
  span(moment.format(at), "muted small");
  const again = Object.assign(document.createElement("button"), { type: "button", className: "button button--link", textContent: words.redial });
  again.addEventListener("click", () => {
    numberField.value = party.replace(/^client:/, "");
    part("dial").requestSubmit();
  });
  entry.append(again);
  if (callId) {
    entry.append(Object.assign(document.createElement("a"), { href: `/calls/${callId}`, target: "sautikit-console", textContent: words.openCall }));
  }
  part("log").prepend(entry);
}

/** Follows a line's call from now to its end; `ended` and `failed` both take the line away. */
function follow(line) {
  const { call, party } = line;
  calls.postMessage("begun");
  let failed = false;
  const become = (state) => { line.state = state; draw(); };
  call.on("ringing", () => become("ringing"));
  call.on("answered", () => {
    line.answeredAt = performance.now();
    // Whoever is answered is shown; the other is on hold beside it.
    if (lines[0] !== line) lines.reverse();
    become("inCall");
    calls.postMessage("answered");
  });
  call.on("muted", draw);
  call.on("held", draw);
  call.on("quality", ({ mos }) => {
    line.quality = words.levels[mos >= GOOD_MOS ? 0 : mos >= FAIR_MOS ? 1 : 2];
    draw();
  });
  call.on("warning", ({ name }) => { line.warning = words.warnings[name]; draw(); });
  call.on("warning-cleared", () => { line.warning = undefined; draw(); });
  call.on("audiolevel", ({ input, output }) => {
    if (lines[0] !== line) return;
    part("level-input").value = call.isMuted ? 0 : input;
    part("level-output").value = output;
  });
  call.on("transfer", ({ state }) => {
    line.note = { trying: words.transferring, ringing: words.transferring, failed: words.transferFailed }[state];
    draw();
  });
  call.on("failed", () => { failed = true; });
  call.on("ended", ({ reason, error, code, durationSeconds }) => {
    const outcome = words.reasons[reason] ?? reason;
    lines = lines.filter((one) => one !== line);
    last = `${failed ? words.failed : words.ended} · ${outcome}`;
    draw();
    if (failed) showProblem({ message: words.problems[error] ?? outcome, code: error ?? `SIP ${code}`, documented: Boolean(error) });
    remember(call, party, outcome, durationSeconds);
    calls.postMessage("ended");
  });
}

async function attempt(action) {
  showProblem(null);
  try {
    await action();
  } catch (problem) {
    // Hung up before it was on its way, or asked of a call that ended meanwhile: nothing went wrong.
    if (!lines.length && problem?.code === "call.wrong_state") return;
    if (problem?.code !== "call.canceled") showProblem(problem);
    draw();
  }
}

part("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  const destination = numberField.value.replace(/[\s()-]/g, "");
  // A key that repeats submits the form many times a second.
  if (!destination || lines.length) return numberField.focus();
  const line = { party: destination, state: "calling", answeredAt: 0 };
  lines = [line];
  draw();
  attempt(async () => {
    try {
      line.call = await client.call(destination, { from: part("from").value });
      follow(line);
    } catch (problem) {
      lines = lines.filter((one) => one !== line);
      last = words.idle;
      throw problem;
    }
  });
});

const tone = (digit) => attempt(() => lines[0].call.sendDtmf(digit));
for (const key of root.querySelectorAll("[data-digit]")) {
  key.addEventListener("click", () => {
    if (root.dataset.state === "inCall") tone(key.dataset.digit);
    else numberField.value += key.dataset.digit;
  });
}
// Digits that are typed in a call are tones.
document.addEventListener("keydown", (event) => {
  const isOther = event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea");
  if (root.dataset.state !== "inCall" || isOther || !/^[0-9*#]$/.test(event.key)) return;
  event.preventDefault();
  tone(event.key);
});

// A call that is being placed is the client's only one.
part("hangup").addEventListener("click", () => attempt(() => (lines[0]?.call ?? client.calls[0])?.hangup()));
part("accept").addEventListener("click", () => attempt(() => lines[0]?.call.accept()));
part("reject").addEventListener("click", () => attempt(() => lines[0]?.call.reject()));
part("mute").addEventListener("click", () => attempt(() => lines[0]?.call.mute(!lines[0].call.isMuted)));
part("hold").addEventListener("click", () => attempt(() => lines[0]?.call.hold(!lines[0].call.isHeld)));
for (const name of ["keypad", "transfer"]) {
  part(name).addEventListener("click", () => {
    open = { keypad: false, transfer: false, [name]: !open[name] };
    draw();
    if (open.transfer) part("transfer-to").focus();
  });
}
part("transfer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const to = part("transfer-to").value.trim();
  if (to) attempt(() => lines[0]?.call.transfer(to));
});
part("waiting-accept").addEventListener("click", () => attempt(() => lines[1]?.call.accept({ others: "hold" })));
part("waiting-reject").addEventListener("click", () => attempt(() => lines[1]?.call.reject({ reason: "busy" })));
part("switch").addEventListener("click", () => attempt(async () => {
  const [talks, waits] = lines;
  if (!talks.call.isHeld) await talks.call.hold();
  await waits.call.hold(false);
  lines.reverse();
  draw();
}));

/** Microphones and loudspeakers; their names are known once the page may use the microphone. */
async function showDevices() {
  const all = await client.devices.list();
  for (const kind of ["input", "output"]) {
    const select = part(kind);
    const choice = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
    const known = all.filter((device) => device.kind === kind).map(({ id, label }, at) => choice(id, label || `${at + 1}`));
    select.replaceChildren(choice("", words.system), ...known);
    select.value = client.devices[kind] ?? "";
  }
}
part("devices").addEventListener("toggle", () => part("devices").open && attempt(showDevices));
part("input").addEventListener("change", ({ target }) => attempt(() => client.devices.setInput(target.value || undefined)));
part("output").addEventListener("change", ({ target }) => attempt(() => client.devices.setOutput(target.value || undefined)));

// Leaving this page ends the call: ask first.
addEventListener("beforeunload", (event) => {
  if (lines.length) event.preventDefault();
});

// A link to the phone on a page of the console, while this window is open.
new BroadcastChannel("sautikit-phone").addEventListener("message", ({ data }) => {
  if (lines.length) return;
  if (data.to) numberField.value = data.to;
  if (data.from) part("from").value = data.from;
  numberField.focus();
});

client.on("registered", () => showConnection("ready", "good"));
client.on("unregistered", () => showConnection("offline", "bad"));
client.on("reconnecting", () => showConnection("reconnecting", "warn"));
client.on("reconnected", () => showConnection("ready", "good"));
client.on("devicechange", () => part("devices").open && showDevices());
client.on("error", showProblem);
client.on("incoming", (incoming) => {
  // One may wait beside a conversation; beside a call that is only beginning nobody does.
  const hasRoom = !lines.length || (lines.length === 1 && lines[0].state === "inCall");
  if (!hasRoom) return void incoming.reject({ reason: "busy" });
  const line = { call: incoming, party: incoming.from, state: "incoming", answeredAt: 0 };
  lines.push(line);
  follow(line);
  draw();
});

for (const kept of keptCalls().reverse()) list(kept);
draw();
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
