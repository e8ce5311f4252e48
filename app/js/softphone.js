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

const client = new SautikitClient({ tokenUrl: "/v1/sip/token" });
let call = null;
let muted = false;
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
  const text = problem && [problem.message ?? String(problem), problem.code && `(${problem.code})`].filter(Boolean).join(" ");
  part("problem").hidden = !text;
  part("problem-text").textContent = text ?? "";
}

function showMute() {
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

function remember(party, outcome) {
  const entry = document.createElement("li");
  for (const text of [party, outcome]) entry.append(Object.assign(document.createElement("span"), { textContent: text }));
  part("log").prepend(entry);
}

// Follows one call from now to its end; `ended` and `failed` both bring the line back to idle.
function follow(next, party) {
  call = next;
  muted = false;
  showMute();
  let over = false;
  const finish = (state, detail) => {
    if (over) return;
    over = true;
    const seconds = answeredAt ? Math.floor((performance.now() - answeredAt) / 1000) : 0;
    call = null;
    answeredAt = 0;
    showLine("idle");
    part("state").textContent = [words[state], detail?.reason].filter(Boolean).join(" · ");
    remember(party, [detail?.reason, clock(detail?.durationSeconds ?? seconds)].filter(Boolean).join(" · "));
  };
  next.on("ringing", () => showLine("ringing", party));
  next.on("answered", () => {
    answeredAt = performance.now();
    showLine("inCall", party);
  });
  next.on("ended", (detail) => finish("ended", detail));
  next.on("failed", (detail) => {
    finish("failed", detail);
    showProblem(detail);
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
part("mute").addEventListener("click", () =>
  attempt(async () => {
    await call?.mute(!muted);
    muted = !muted;
    showMute();
  }),
);

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
