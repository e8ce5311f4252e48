// The editor of the playground: while somebody writes, what is wrong is underlined in the text itself and said below it. The page
// that the form's button leads to says the same, so nothing is lost without this.
const editor = document.querySelector("[data-editor]");
const text = editor?.querySelector("textarea");
const form = text?.form;
/** After the last key, so that nobody is told that half a word is wrong. */
const PAUSE_MS = 500;
let timer = 0;
let asked = 0;

const marks = () => editor.querySelector("[data-editor-marks]");
const said = document.querySelector("[data-editor-said]");
const parts = () => document.querySelectorAll("[data-editor-follows]");

/** Line upon line, however far it is scrolled. */
function follow() {
  marks().scrollTop = text.scrollTop;
  marks().scrollLeft = text.scrollLeft;
}

async function check() {
  const mine = ++asked;
  const written = text.value;
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } }).catch(() => undefined);
  if (mine !== asked || !answer?.ok || text.value !== written) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-editor-marks]");
  if (mine !== asked || text.value !== written || !fresh) return;
  marks().replaceWith(document.importNode(fresh, true));
  said.textContent = page.querySelector("[data-editor-said]")?.textContent ?? "";
  follow();
  for (const part of parts()) {
    const other = page.querySelector(`[data-editor-follows="${part.dataset.editorFollows}"]`);
    // Whom somebody is about to call stays.
    if (other && !(part.querySelector("form") && other.querySelector("form"))) part.replaceChildren(...document.importNode(other, true).childNodes);
  }
}

/** What is called is what is written, whenever it was looked at last. */
function take({ target }) {
  const taken = target.elements.namedItem("document");
  if (target !== form && taken) taken.value = text.value;
}

function plan() {
  // Of what is being changed the old lines say nothing.
  asked += 1;
  marks().replaceChildren();
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE_MS);
}

if (text) {
  text.addEventListener("input", plan);
  text.addEventListener("scroll", follow, { passive: true });
  form.elements.namedItem("compat").addEventListener("change", check);
  for (const part of parts()) part.addEventListener("submit", take);
  // What a link or a recipe brought.
  check();
}
