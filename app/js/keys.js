// Single keys of the console: `g` and a letter go to a page, `j` and `k` along the rows of a list, `?` shows them all. Whoever
// speaks to their computer, or types by chance, switches them off in that list (WCAG 2.2, 2.1.4), for this browser.
const PHONE = "s";
const PAGES = { h: "/home", c: "/calls", n: "/numbers", w: "/wallet", r: "/developers/requests", d: "/docs" };
/** How long `g` waits for its letter. */
const AWAITED_MS = 1_500;
const OFF = "sautikit-keys-off";
const dialog = document.getElementById("keys");
let awaited = 0;

const isTyped = ({ target }) => target.closest("input, textarea, select, [contenteditable], dialog[open]");

/** The row after or before the one that has the focus. */
function step(by) {
  const rows = [...document.querySelectorAll(".row-link")].filter((link) => link.getClientRects().length);
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
  return true;
}

if (dialog) {
  const on = dialog.querySelector("[data-keys-on]");
  on.checked = !localStorage.getItem(OFF);
  on.addEventListener("change", () => (on.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyped(event) || !on.checked) return;
    const isSecond = performance.now() < awaited;
    awaited = 0;
    // The softphone has a window of its own, which its link opens.
    if (isSecond && event.key === PHONE) document.querySelector('a[target="sautikit-phone"]')?.click();
    else if (isSecond && PAGES[event.key]) location.assign(PAGES[event.key]);
    else if (event.key === "g") awaited = performance.now() + AWAITED_MS;
    else if (event.key === "?") dialog.showModal();
    else if (event.key === "j" || event.key === "k") { if (!step(event.key === "j" ? 1 : -1)) return; }
    else return;
    event.preventDefault();
  });
}
