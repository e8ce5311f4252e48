// Rewrites every <time> from UTC to the viewer's zone; UTC stays on hover (the title that the server wrote).
// Day before month in both languages, as the region writes it.
const lang = document.documentElement.lang === "sw" ? "sw-KE" : "en-KE";
const styles = {
  moment: new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }),
  day: new Intl.DateTimeFormat(lang, { dateStyle: "medium" }),
  clock: new Intl.DateTimeFormat(lang, { timeStyle: "medium", hourCycle: "h23" }),
  exact: new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" }),
};

/** A line above the first row of each of the viewer's days; the server drew those of UTC. */
function days(root) {
  for (const rows of root.querySelectorAll("tbody[data-days]")) {
    const lines = rows.querySelectorAll(".table__day");
    const pattern = lines[0];
    for (const line of lines) line.remove();
    let day = "";
    for (const row of pattern ? [...rows.rows] : []) {
      const at = row.querySelector("time[datetime]")?.dateTime;
      const words = at && styles.day.format(new Date(at));
      if (!words || words === day) continue;
      const line = pattern.cloneNode(true);
      line.querySelector("time").dateTime = at;
      line.querySelector("time").textContent = words;
      row.before(line);
      day = words;
    }
  }
}

/** The times within `root`; live.js calls it for what it has just put into the page. */
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime][data-style]")) {
    const moment = new Date(element.dateTime);
    const style = styles[element.dataset.style];
    if (style && !Number.isNaN(moment.getTime())) element.textContent = style.format(moment);
  }
  days(root);
}

localise(document);
