// Parts of a page that change by themselves. An element with `data-live="NAME"` is replaced by its newer self when its window is
// looked at again, when the softphone tells of a call, and when the server tells of something that the part names:
//   data-live-calls     a call's id, or `*` for all of the workspace's
//   data-live-changes   what else of the workspace, words of `/v1/workspace/changes`
//   data-live-timeline  the address of one call's stream, with its `data-live-kinds` and the `data-live-sequence` that is shown
// Every `data-live-seconds` it is asked for while its streams are not open; what has none of them is asked for always. A page of
// another workspace, which another tab has entered meanwhile, is none of this page's. A part in which a visitor has typed or listens
// stays as it is until they have done.
import { localise } from "./times.js";

const workspace = (root) => root.querySelector("#content")?.dataset.workspace;
const parts = (root) => [...root.querySelectorAll("[data-live]")];
const opened = (part) => [...part.querySelectorAll("details")].map((details) => details.open);
const focusable = (part) => [...part.querySelectorAll("a, button, summary, input, select")];

// As the server sent them: times have been rewritten since.
const seen = new WeakMap();
/** Streams by their address. */
const streams = new Map();
let timer = 0;
let told = 0;
let again = 0;

const CALLS = "/v1/calls/stream";
const CHANGES = "/v1/workspace/changes";
// What the server tells of calls.
const KINDS = ["started", "answered", "completed", "failed", "billed", "callback_failed", "recording.ready", "recording.failed"].map((kind) => `call.${kind}`);
const SUBJECTS = ["calls", "wallet", "deliveries", "requests", "audit", "installation", "trunks"];
// After which a stream is opened anew that the browser has given up, and by how much that differs from page to page: all of them
// lose it together.
const AGAIN_MS = 5000;
// Events that come together are looked at together.
const TOGETHER_MS = 100;

/** The addresses of what a part follows. */
function followed({ dataset: { liveCalls, liveChanges, liveTimeline } }) {
  return [liveCalls && CALLS, liveChanges && CHANGES, liveTimeline].filter(Boolean);
}

/** Whether an event of a stream is about something that the page shows. */
function concerns(address, { type, data }) {
  const all = parts(document).map(({ dataset }) => dataset);
  if (address === CHANGES) return all.some(({ liveChanges }) => liveChanges?.split(" ").includes(type));
  const said = JSON.parse(data);
  if (address === CALLS) return all.some(({ liveCalls }) => liveCalls === "*" || (liveCalls && liveCalls === said.data.call_id));
  return all.some(({ liveTimeline, liveSequence }) => liveTimeline === address && said.sequence > Number(liveSequence));
}

function hear(address, event) {
  if (told || !concerns(address, event)) return;
  told = setTimeout(() => { told = 0; look(); }, TOGETHER_MS);
}

// Only while the page is looked at: browsers open few connections to a server.
function follow() {
  const wanted = new Map();
  for (const part of document.hidden ? [] : parts(document)) {
    for (const address of followed(part)) {
      wanted.set(address, { [CALLS]: KINDS, [CHANGES]: SUBJECTS }[address] ?? part.dataset.liveKinds.split(" "));
    }
  }
  for (const [address, stream] of streams) {
    if (!wanted.has(address)) {
      stream.close();
      streams.delete(address);
    }
  }
  for (const [address, kinds] of wanted) {
    const open = streams.get(address);
    if (open && open.readyState !== EventSource.CLOSED) continue;
    const stream = new EventSource(address);
    streams.set(address, stream);
    for (const kind of kinds) stream.addEventListener(kind, (event) => hear(address, event));
    // Once it is open nothing has to be asked for every few seconds.
    stream.addEventListener("open", plan);
    stream.addEventListener("error", () => lost(address, stream));
  }
}

// Browsers come back by themselves after a connection that broke, and never where the answer was no stream: of a proxy whose
// server is away, or that there are too many. Until then what is shown is asked for.
function lost(address, stream) {
  plan();
  if (streams.get(address) !== stream || stream.readyState !== EventSource.CLOSED || again) return;
  again = setTimeout(() => { again = 0; follow(); look(); }, AGAIN_MS * (1 + Math.random()));
}

/** Whether all is told of a part, so that nobody has to ask. */
function isTold(part) {
  const addresses = followed(part);
  return addresses.length > 0 && addresses.every((address) => streams.get(address)?.readyState === EventSource.OPEN);
}

const isUsed = (part) =>
  // Words that somebody is about to copy.
  (!getSelection().isCollapsed && part.contains(getSelection().anchorNode))
  // A question that is open names one row, and rows move.
  || [...part.querySelectorAll("details.confirm")].some((question) => question.open)
  || [...part.querySelectorAll("audio")].some((audio) => !audio.paused)
  || [...part.querySelectorAll("input")].some((input) => input.value !== input.defaultValue);

function replace(part, fresh) {
  const source = fresh.outerHTML;
  if (seen.get(part) === source || isUsed(part)) return;
  const open = opened(part);
  const focused = focusable(part).indexOf(document.activeElement);
  fresh.querySelectorAll("details").forEach((details, place) => { details.open = open[place] ?? false; });
  seen.set(fresh, source);
  localise(fresh);
  part.replaceWith(fresh);
  // For scripts that keep something of a part: what is selected, how far it is zoomed.
  fresh.dispatchEvent(new CustomEvent("sautikit:fresh", { bubbles: true }));
  if (focused >= 0) focusable(fresh)[focused]?.focus();
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    // Signed out meanwhile: the page says so on the next click.
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const newer = workspace(page) === workspace(document) ? parts(page) : [];
      for (const part of parts(document)) {
        const at = newer.findIndex((other) => other.dataset.live === part.dataset.live);
        if (at >= 0) replace(part, newer.splice(at, 1)[0]);
      }
    }
  } catch {
    // The server is away: the next look may find it.
  }
  plan();
  follow();
}

function plan() {
  clearTimeout(timer);
  const pauses = parts(document).filter((part) => !isTold(part)).map((part) => Number(part.dataset.liveSeconds)).filter(Boolean);
  if (pauses.length && !document.hidden) timer = setTimeout(look, Math.min(...pauses) * 1000);
}

// The answer to a form has an address that can only be posted to.
if (parts(document).length && !location.pathname.startsWith("/console/")) {
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  document.addEventListener("visibilitychange", follow);
  new BroadcastChannel("sautikit-calls").addEventListener("message", look);
  plan();
  follow();
}
