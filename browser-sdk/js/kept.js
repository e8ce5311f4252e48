// Calls that a page leaves for the one that this tab loads next, or when `shared` for any other tab.

const KEPT = "sautikit.calls";

const storage = (shared) => (shared ? localStorage : sessionStorage);

export function keep(text, shared) {
  try {
    storage(shared).setItem(KEPT, text);
  } catch {
    // Storage is full or forbidden: the call is lost with the page.
  }
}

/** Takes what the page before left. */
export function takeKept(shared) {
  try {
    const text = storage(shared).getItem(KEPT);
    storage(shared).removeItem(KEPT);
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
