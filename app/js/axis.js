// A call's axis: zooms, selects, and opens the details of what is selected beside it instead of leading there. Without this
// every mark is a link to its details. Arrow keys go from mark to mark, Enter opens, Escape closes, + and - zoom.
const LONGEST_ZOOM = 64;
/** Distances of marks of time that people count in, in milliseconds; the server goes by the same. */
const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 7_200_000];
const TIMES = 7;
const SVG = "http://www.w3.org/2000/svg";

/** Entries of the timeline, SIP messages, how a party sounded. */
const NAMED = /^#(entry|sip|quality)-\d+$/;
const LINKS = ["entry", "sip", "quality"].map((kind) => `a[href^='#${kind}-']`).join(", ");

const state = { open: NAMED.test(location.hash) ? location.hash.slice(1) : "", zoom: 1, left: 0 };
/** Where the focus goes back to. */
let opener = "";

const items = () => document.querySelectorAll(".inspector__item");
const isShown = (element) => element.getClientRects().length > 0;
const field = () => [...document.querySelectorAll("[data-axis-field]")].find(isShown);

/** The details that a link leads to; links of a drawing have no `hash`. */
const named = (link) => link.getAttribute("href").slice(1);

/** Opens what `state` says, after a click or when the page was put together anew. */
function show() {
  for (const item of items()) item.toggleAttribute("data-open", item.id === state.open);
  for (const link of document.querySelectorAll(LINKS)) {
    if (named(link) === state.open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function open(id) {
  state.open = id;
  history.replaceState(history.state, "", id ? `#${id}` : location.pathname + location.search);
  show();
}

function words(ms) {
  if (ms < 100) return ms ? `${ms} ms` : "0";
  if (ms < 60_000) return `${String(ms / 1_000)} s`;
  const [minutes, seconds] = [Math.floor(ms / 60_000), String(Math.round(ms / 1_000) % 60).padStart(2, "0")];
  return minutes < 60 ? `${minutes}:${seconds}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

/** Marks of time as close as the zoom has room for. */
function time(drawing) {
  const ms = Number(drawing.dataset.axisUs) / 1_000;
  const group = drawing.querySelector(".axis__times");
  const height = drawing.getAttribute("height");
  const step = STEPS_MS.find((step) => ms / step <= TIMES * state.zoom) ?? STEPS_MS.at(-1);
  group.replaceChildren();
  for (let at = 0; at <= ms; at += step) {
    const x = `${(at / ms) * 100}%`;
    const line = document.createElementNS(SVG, "line");
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: 24, y2: height })) line.setAttribute(name, value);
    const text = document.createElementNS(SVG, "text");
    text.setAttribute("x", x);
    text.setAttribute("y", 15);
    text.textContent = words(at);
    group.append(line, text);
  }
}

/** Draws as long as the zoom says; `at` is the share of the drawing that stays where it is. */
function draw(at) {
  const drawing = field();
  if (!drawing) return;
  if (drawing.dataset.axisField === "wide") {
    const scroll = drawing.parentElement;
    const seen = at === undefined ? 0 : at * drawing.clientWidth - scroll.scrollLeft;
    drawing.setAttribute("width", `${state.zoom * 100}%`);
    time(drawing);
    scroll.scrollLeft = at === undefined ? state.left : at * drawing.clientWidth - seen;
  }
  for (const part of document.querySelectorAll("[data-axis-long]")) part.setAttribute("height", part.dataset.axisLong * state.zoom);
}

function zoom(way, at) {
  const drawing = field();
  if (!drawing) return;
  const scroll = drawing.parentElement;
  const middle = at ?? (scroll.scrollLeft + scroll.clientWidth / 2) / drawing.clientWidth;
  state.zoom = way === "fit" ? 1 : Math.min(LONGEST_ZOOM, Math.max(1, state.zoom * (way === "in" ? 2 : 0.5)));
  draw(middle);
}

/** The mark before or after in time, in the drawing that is shown. */
function step(mark, by) {
  const marks = [...mark.closest("svg[data-axis-field]").querySelectorAll("a.mark")];
  marks.sort((one, other) => Number(one.dataset.from) - Number(other.dataset.from));
  const next = marks[marks.indexOf(mark) + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-axis-zoom]");
  if (button) return zoom(button.dataset.axisZoom);
  const link = event.target.closest(`${LINKS}, a[data-inspector-close]`);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.inspectorClose !== undefined) return close();
  opener = `#${named(link)}`;
  open(named(link));
  document.querySelector(`#${state.open} h2`)?.focus({ preventScroll: true });
});

function close() {
  open("");
  [...document.querySelectorAll(`a[href="${opener}"]`)].find(isShown)?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape" && state.open) return close();
  const mark = document.activeElement?.closest?.("a.mark");
  if (!mark) return;
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const way = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
  if (by) step(mark, by);
  else if (way) zoom(way);
  else return;
  event.preventDefault();
});

document.addEventListener("wheel", (event) => {
  const scroll = event.ctrlKey && event.target.closest(".axis__scroll");
  if (!scroll) return;
  event.preventDefault();
  const box = field().getBoundingClientRect();
  zoom(event.deltaY < 0 ? "in" : "out", (event.clientX - box.left) / box.width);
}, { passive: false });

document.addEventListener("scroll", (event) => {
  if (event.target.classList?.contains("axis__scroll")) state.left = event.target.scrollLeft;
}, { capture: true, passive: true });

if (document.getElementById("call-axis")) {
  document.documentElement.dataset.axis = "on";
  show();
  document.addEventListener("sautikit:fresh", () => {
    show();
    if (state.zoom > 1) draw();
  });
  matchMedia("(min-width: 48rem)").addEventListener("change", () => draw(0));
  window.addEventListener("hashchange", () => { if (NAMED.test(location.hash)) open(location.hash.slice(1)); });
}
