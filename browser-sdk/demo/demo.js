// Click to call in one page: connect, call, be called. Served at /sdk/demo/, beside the SDK at /sdk/browser/.
import { SautikitClient } from "../browser/index.esm.js";

const find = (id) => document.getElementById(id);
const say = (text) => { find("status").textContent = text; };
const explain = (error) => say(error.remedy ? `${error.message} ${error.remedy}` : error.message);

let client;
let call;

find("connect-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { tokenUrl } = Object.fromEntries(new FormData(event.target));
  client = new SautikitClient({ tokenUrl });
  client.on("incoming", ring);
  client.on("reconnecting", () => say("Connection lost, trying again …"));
  client.on("reconnected", () => say("Connected"));
  client.on("error", explain);
  say("Connecting …");
  try {
    await client.connect();
    event.target.hidden = true;
    find("call-form").hidden = false;
    say(`Connected as ${client.identity}`);
  } catch (error) {
    explain(error);
  }
});

find("call-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (call) return;
  const { to, from } = Object.fromEntries(new FormData(event.target));
  try {
    say("Calling …");
    follow(await client.call(to, { from }));
  } catch (error) {
    explain(error);
  }
});

function ring(incoming) {
  if (call) {
    incoming.reject({ reason: "busy" });
    return;
  }
  follow(incoming);
  find("caller").textContent = incoming.from;
  find("incoming").hidden = false;
  find("running").hidden = true;
  find("accept").onclick = () => {
    find("incoming").hidden = true;
    find("running").hidden = false;
    incoming.accept().catch(explain);
  };
  find("reject").onclick = () => incoming.reject();
}

function follow(next) {
  call = next;
  find("running").hidden = false;
  next.on("ringing", () => say("Ringing …"));
  next.on("answered", () => say("In a call"));
  next.on("muted", ({ muted }) => find("mute").setAttribute("aria-pressed", String(muted)));
  next.on("ended", ({ reason, durationSeconds }) => {
    say(`Call ended (${reason}, ${durationSeconds} s)`);
    find("running").hidden = true;
    find("incoming").hidden = true;
    find("mute").setAttribute("aria-pressed", "false");
    call = undefined;
  });
}

find("hangup").addEventListener("click", () => call?.hangup());
find("mute").addEventListener("click", () => call?.mute(!call.isMuted));
find("digits").addEventListener("input", (event) => {
  try {
    if (event.data) call?.sendDtmf(event.data);
  } catch (error) {
    explain(error);
  }
});
