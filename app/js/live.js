// Parts of a page that change by themselves. An element with `data-live="NAME"` is replaced by its newer self; the page is
// asked again every `data-live-seconds` while any part carries that attribute, and at once when its window is looked at
// again, the softphone tells of a call, or the server tells of one that a part's `data-live-calls` names: its id, or `*`. A page of another workspace, which another tab has entered meanwhile, is none of this
// page's. A part in which a visitor has typed or listens stays as it is until they have done.
import { localise } from "./times.js";

const workspace = (root) => root.querySelector("#content")?.dataset.workspace;
const parts = (root) => [...root.querySelectorAll("[data-live]")];
const opened = (part) => [...part.querySelectorAll("details")].map((details) => details.open);
const focusable = (part) => [...part.querySelectorAll("a, button, summary, input, select")];

// As the server sent them: times have been rewritten since.
const seen = new WeakMap();
let timer = 0;
let stream;
let told = 0;
let again = 0;

// What the server tells of calls.
const KINDS = ["started", "answered", "completed", "failed", "billed", "callback_failed", "recording.ready", "recording.failed"];
// After which a stream is opened anew that the browser has given up, and by how much that differs from page to page: all of them
// lose it together.
const AGAIN_MS = 5000;
// Events that come together are looked at together.
const TOGETHER_MS = 100;

const follows = (call) => parts(document).some(({ dataset: { liveCalls } }) => liveCalls && (call === undefined || liveCalls === "*" || liveCalls === call));

function hear({ data }) {
  if (told || !follows(JSON.parse(data).data.call_id)) return;
  told = setTimeout(() => { told = 0; look(); }, TOGETHER_MS);
}

// Only while the page is looked at: browsers open few connections to a server.
function follow() {
  if (document.hidden || !follows()) {
    stream?.close();
    stream = undefined;
  } else if (!stream || stream.readyState === EventSource.CLOSED) {
    stream = new EventSource("/v1/calls/stream");
    for (const kind of KINDS) stream.addEventListener(`call.${kind}`, hear);
    stream.addEventListener("error", lost);
  }
}

// Browsers come back by themselves after a connection that broke, and never where the answer was no stream: of a proxy whose
// server is away, or that there are too many.
function lost({ target }) {
  if (target !== stream || target.readyState !== EventSource.CLOSED || again) return;
  again = setTimeout(() => { again = 0; follow(); look(); }, AGAIN_MS * (1 + Math.random()));
}

const isUsed = (part) =>
  // Words that somebody is about to copy.
  (!getSelection().isCollapsed && part.contains(getSelection().anchorNode))
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
  const pauses = parts(document).map((part) => Number(part.dataset.liveSeconds)).filter(Boolean);
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
