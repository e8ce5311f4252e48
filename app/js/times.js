// Rewrites every <time> from UTC to the viewer's zone; UTC stays on hover (the title that the server wrote).
// Day before month in both languages, as the region writes it.
const lang = document.documentElement.lang === "sw" ? "sw-KE" : "en-KE";
const styles = {
  moment: new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }),
  clock: new Intl.DateTimeFormat(lang, { timeStyle: "medium", hourCycle: "h23" }),
};

/** The times within `root`; live.js calls it for what it has just put into the page. */
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime][data-style]")) {
    const moment = new Date(element.dateTime);
    const style = styles[element.dataset.style];
    if (style && !Number.isNaN(moment.getTime())) element.textContent = style.format(moment);
  }
}

localise(document);
