// The palette: Ctrl-K or Cmd-K over any page. It shows what the page /search finds while somebody types; Enter opens the first,
// arrows choose another. Without this the link to it leads to that page.
const PAUSE_MS = 120;
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const found = dialog?.querySelector(".palette__found");
let timer = 0;
let asked = 0;

const links = () => [...found.querySelectorAll("a")];

/** What /search finds; an id that names one thing leads there, which is then the one thing to choose. */
async function look() {
  const mine = ++asked;
  const answer = await fetch(`/search?q=${encodeURIComponent(input.value)}`, { headers: { accept: "text/html" } }).catch(() => undefined);
  if (mine !== asked || !answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  const list = page.querySelector("[data-found]");
  found.replaceChildren();
  if (answer.redirected && new URL(answer.url).pathname !== "/search") {
    const link = document.createElement("a");
    link.className = "found";
    link.href = answer.url;
    link.textContent = page.querySelector("h1")?.textContent ?? answer.url;
    found.append(link);
  } else if (list) {
    found.append(document.importNode(list, true));
  } else {
    const none = document.createElement("p");
    none.className = "muted panel__body";
    none.textContent = found.dataset.none;
    found.append(none);
  }
}

function open() {
  if (dialog.open) return;
  dialog.showModal();
  input.select();
  look();
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-palette-open]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  // A click beside it closes it.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    await look();
    links()[0]?.click();
  });
  // What opens a window of its own leaves this page as it was.
  found.addEventListener("click", (event) => event.target.closest("a[target]") && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const all = links();
    const next = all.indexOf(document.activeElement) + by;
    (next < 0 ? input : all[Math.min(next, all.length - 1)])?.focus();
  });
}
