// Calls that a page leaves for the one that this tab loads next, or when `shared` for any other tab.

const KEPT = "sautikit.calls";
// What a page left longer ago is over at the server.
const LONGEST_AWAY_MS = 30_000;

const storage = (shared) => (shared ? localStorage : sessionStorage);

/** Leaves what can be left of these calls; gives the others. */
export function keep(lines, shared) {
  const kept = lines.map((line) => ({ line, record: line.record }));
  const calls = kept.map(({ record }) => record).filter(Boolean);
  try {
    if (calls.length > 0) storage(shared).setItem(KEPT, JSON.stringify({ at: Date.now(), calls }));
  } catch {
    // Storage is full or forbidden: the call is lost with the page.
  }
  return kept.filter(({ record }) => !record).map(({ line }) => line);
}

/** Takes what the page before left, and how long ago. */
export function takeKept(shared) {
  try {
    const { at, calls } = JSON.parse(storage(shared).getItem(KEPT));
    storage(shared).removeItem(KEPT);
    const awayMs = Date.now() - at;
    if (awayMs >= 0 && awayMs < LONGEST_AWAY_MS) return { records: calls, awayMs };
  } catch {
    // Nothing is there, or it cannot be read.
  }
  return { records: [] };
}
