// What walks through the console have in common: pressing, seeing, signing in, settling in, all by the console's own pages.
import { eventually } from "../support/workspace.js";

export const NUMBER = "+254700000001";
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
export const shown = (page, text) => page.getByText(text, { exact: true }).first().waitFor();

/** Opens the question that says what is debited, and answers it. */
export async function claim(page, number) {
  await page.locator(`summary[aria-label="Claim ${number}"]`).click();
  await page.getByText("is debited now for the days that are left").locator("visible=true").waitFor();
  await page.getByRole("button", { name: /^Claim for / }).click();
}

/** Signs in by mail; what comes then depends on who it is. */
export async function signIn(page, server, email) {
  const seen = new Set(await linksTo(server, email));
  await page.goto(`${server.url}/signin`);
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Send me a link");
  await shown(page, "Check your mail");
  await page.goto(await eventually(`a link for ${email}`, async () => (await linksTo(server, email)).find((link) => !seen.has(link))));
  await press(page, "Sign in");
}

/** Signs up and names the first workspace. */
export async function signUp(page, server, email, { name = "Amina", workspace = "Duka" } = {}) {
  await signIn(page, server, email);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Workspace name").fill(workspace);
  await press(page, "Create workspace");
  await page.waitForURL("**/home");
}

/** Signs up and leaves `page` on the page of the number, which is then claimed and paid for. */
export async function settleIn(page, server, email) {
  await signUp(page, server, email);
  await page.goto(`${server.url}/wallet`);
  await page.getByLabel("M-Pesa phone").fill("0722 000 001");
  await press(page, "Request payment");
  await shown(page, "Payment received");
  await page.goto(`${server.url}/numbers`);
  await claim(page, NUMBER);
  await shown(page, "The number is yours");
}

/** Where the mails to `email` lead. */
export async function linksTo(server, email) {
  const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
  return mails.filter((mail) => mail.to.includes(email)).flatMap((mail) => mail.links);
}
