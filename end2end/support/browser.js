// Chromium with a microphone that beeps, and pages that notice what a person at the screen would not.
import { chromium } from "playwright-core";
import { observeAudio } from "./audio.js";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required"];

/** `executablePath` may be a program that starts Chromium somewhere else. */
export const launchBrowser = (flags = [], executablePath = "/usr/bin/chromium") => chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...flags] });

/** A page in a context of its own. `page.problems` collects errors, refused loads and violations of the content security policy; what `known` matches is a script's own. */
export async function openPage(browser, { known } = {}) {
  const context = await browser.newContext({ locale: "en-US" });
  await context.addInitScript(observeAudio);
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(`error: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !known?.test(message.text())) page.problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) page.problems.push(`${response.status()} ${response.url()}`);
  });
  return page;
}
