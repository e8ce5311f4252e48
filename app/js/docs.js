// The documentation: its search while somebody types, from an index that is fetched once when the field is entered, and the
// language of examples, which stays chosen across pages. Without script the form asks /docs/search, and examples open by hand.
const MOST = 12;
const SHORTEST = 3;
const LANGUAGE = "sautikit-docs-language";
const form = document.querySelector("[data-docs-search]");
let index;

/** A heading's anchor, as the server makes it. */
const anchor = (heading) =>
  [...heading.trim()].filter((letter) => /[\p{L}\p{N} _-]/u.test(letter)).join("").toLowerCase().replaceAll(" ", "-");
const wordsOf = (text) => text.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter((word) => word.length >= SHORTEST);

/** Numbers of pages, two digits of base 36 each. */
const numbersOf = (text) => text.match(/../g).map((digits) => parseInt(digits, 36));

/** Pages that have all words, the best first: title, then heading, then text. */
function find(query) {
  const wanted = wordsOf(query);
  if (!wanted.length) return [];
  const codes = index.codes
    .filter(([code, title]) => wanted.every((word) => `${code} ${title}`.toLowerCase().includes(word)))
    .map(([code, title]) => ({ href: `/docs/errors/${code}`, title, detail: code, points: 8 }));
  const texts = wanted.map((word) => new Set(Object.keys(index.words).filter((known) => known.startsWith(word)).flatMap((known) => numbersOf(index.words[known]))));
  const pages = index.pages.flatMap(([href, title, section, headings], number) => {
    let points = 0;
    let heading;
    for (const [at, word] of wanted.entries()) {
      const named = headings.find((one) => one.toLowerCase().includes(word));
      const worth = (title.toLowerCase().includes(word) ? 10 : 0) + (named ? 4 : 0) + (texts[at].has(number) ? 1 : 0);
      if (!worth) return [];
      points += worth;
      if (named && !title.toLowerCase().includes(word)) heading = named;
    }
    const target = heading ? `${href}#${anchor(heading)}` : href;
    return [{ href: target, title: heading ? `${title}: ${heading}` : title, detail: section, points }];
  });
  return [...pages, ...codes].sort((one, other) => other.points - one.points).slice(0, MOST);
}

if (form) {
  const input = form.querySelector("input");
  const found = form.querySelector("ul");
  const links = () => [...found.querySelectorAll("a")];
  const show = () => {
    const isAsked = wordsOf(input.value).length > 0;
    found.hidden = !isAsked || !index;
    if (found.hidden) return;
    const lines = find(input.value).map(({ href, title, detail }) => {
      const [line, link, small] = ["li", "a", "small"].map((name) => document.createElement(name));
      Object.assign(link, { href, textContent: title });
      small.textContent = detail;
      link.append(small);
      line.append(link);
      return line;
    });
    if (!lines.length) {
      const [line, none] = ["li", "p"].map((name) => document.createElement(name));
      none.textContent = form.dataset.none;
      line.append(none);
      lines.push(line);
    }
    found.replaceChildren(...lines);
  };
  input.addEventListener("focus", async () => {
    if (index) return;
    const answer = await fetch(form.dataset.index).catch(() => undefined);
    if (answer?.ok) index = await answer.json();
    if (document.activeElement === input) show();
  }, { once: true });
  input.addEventListener("input", show);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !found.hidden) {
      found.hidden = true;
      input.focus();
      event.preventDefault();
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || found.hidden) return;
    event.preventDefault();
    const all = links();
    const next = all.indexOf(document.activeElement) + by;
    (next < 0 ? input : all[Math.min(next, all.length - 1)])?.focus();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) found.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
}

/** Groups of examples, one language open in each (`<details name>` has no other way to be closed by a script but this). */
const examples = [...document.querySelectorAll(".docs__content details[name]")];
const languageOf = (details) => details.querySelector("summary").textContent.trim();
const chosen = localStorage.getItem(LANGUAGE);
for (const details of examples) {
  if (chosen && languageOf(details) === chosen) details.open = true;
  details.querySelector("summary").addEventListener("click", () => {
    if (details.open) return;
    localStorage.setItem(LANGUAGE, languageOf(details));
    for (const other of examples) {
      if (other !== details && languageOf(other) === languageOf(details)) other.open = true;
    }
  });
}
