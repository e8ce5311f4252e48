// Click to call in one page: the first click connects and calls; from then on the page can be called too.
// Served at /sdk/demo/, beside the SDK at /sdk/browser/.
import { SautikitClient } from "../browser/index.esm.js";

const find = (id) => document.getElementById(id);
const settings = () => Object.fromEntries(new FormData(find("settings")));

let client;
let call;
let ticking;

async function connected() {
  if (client?.state === "registered") return client;
  if (!client) {
    client = new SautikitClient({ tokenUrl: settings().tokenUrl });
    client.on("incoming", ring);
    client.on("error", explain);
  }
  await client.connect();
  return client;
}

// Your product knows the number that it calls from; this page takes the first one of whoever is signed in.
async function anyNumber() {
  const answer = await fetch("/v1/numbers?limit=1");
  const [number] = answer.ok ? await answer.json() : [];
  return number?.e164;
}

// Which buttons are there in which state of the line: idle, calling, incoming, inCall.
function show(state, status) {
  find("phone").dataset.state = state;
  find("status").textContent = status;
  find("call").hidden = state !== "idle";
  find("accept").hidden = state !== "incoming";
  find("hangup").hidden = state === "idle";
  find("mute").hidden = find("keypad").hidden = state !== "inCall";
}

function explain(error) {
  find("problem").hidden = false;
  find("problem").textContent = [error.message, error.remedy, error.code && `(${error.code})`].filter(Boolean).join(" ");
}

async function attempt(action) {
  find("problem").hidden = true;
  try {
    await action();
  } catch (error) {
    // Asked of a call that ended meanwhile, such as digits that still waited.
    if (!call && error.code === "call.wrong_state") return;
    explain(error);
    if (!call) show("idle", "Not connected");
  }
}

find("call").addEventListener("click", () => attempt(async () => {
  show("calling", "Connecting …");
  const phone = await connected();
  const { to, from } = settings();
  const next = await phone.call(to, { from: from || await anyNumber() });
  show("calling", "Calling …");
  follow(next);
}));

function ring(incoming) {
  if (call) return void incoming.reject({ reason: "busy" });
  follow(incoming);
  show("incoming", `${incoming.from} is calling`);
}

function follow(next) {
  call = next;
  next.on("ringing", () => show("calling", "Ringing …"));
  next.on("answered", () => {
    show("inCall", "Connected");
    ticking = setInterval(() => { find("status").textContent = `Connected · ${next.durationSeconds} s`; }, 1000);
  });
  next.on("muted", ({ muted }) => find("mute").setAttribute("aria-pressed", String(muted)));
  next.on("ended", ({ reason, error, durationSeconds }) => {
    clearInterval(ticking);
    call = undefined;
    find("digits").value = "";
    show("idle", `Call ended (${error ?? reason}, ${durationSeconds} s)`);
  });
}

find("accept").addEventListener("click", () => attempt(() => call.accept()));
find("hangup").addEventListener("click", () => attempt(() => (call.state === "incoming" ? call.reject() : call.hangup())));
find("mute").addEventListener("click", () => attempt(() => call.mute(!call.isMuted)));
find("digits").addEventListener("input", (event) => attempt(() => event.data && call?.sendDtmf(event.data)));
