// Clocks and costs of calls that run: the server wrote what they were, they are counted on from when the page got them. A browser's
// clock may be wrong, so only how much time has gone by since then is asked of it.
const begun = new WeakMap();

/** Milliseconds since this part came into the page. */
function gone(part) {
  if (!begun.has(part)) begun.set(part, performance.now());
  return performance.now() - begun.get(part);
}

function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const rest = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${rest.join(":")}` : `${Number(rest[0])}:${rest[1]}`;
}

/** Of a leg as `elapsed ms, rate of a minute in 1/10,000 of a minor unit, least seconds, step in seconds`; rounded up, as billed. */
function cost(leg, later) {
  const [elapsed, rate, least, step] = leg.split(",").map(Number);
  const talked = Math.floor((elapsed + later) / 1000) + 1;
  return Math.ceil((Math.ceil(Math.max(talked, least) / step) * step * rate) / 600_000);
}

function count() {
  for (const part of document.querySelectorAll("[data-running-ms]")) {
    put(part, clock(Number(part.dataset.runningMs) + gone(part)));
  }
  for (const part of document.querySelectorAll("[data-running-legs]")) {
    const { runningLegs, runningMinor, runningCurrency, runningExponent } = part.dataset;
    const later = gone(part);
    const legs = runningLegs.split(" ").filter(Boolean);
    const minor = legs.reduce((sum, leg) => sum + cost(leg, later), Number(runningMinor));
    const digits = Number(runningExponent);
    const major = (minor / 10 ** digits).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    put(part, `${runningCurrency} ${major}`);
  }
}

// What stays the same is not touched: somebody may be marking it.
function put(part, words) {
  if (part.textContent !== words) part.textContent = words;
}

count();
setInterval(count, 250);
document.addEventListener("sautikit:fresh", count);
