// What every walk through the console begins with: an account, money, a number, all by the console's own forms.
import { mailedLink } from "../support/workspace.js";

export const NUMBER = "+254700000001";
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
export const shown = (page, text) => page.getByText(text, { exact: true }).first().waitFor();

/** Signs up and leaves `page` on the page of the number, which is then claimed and paid for. */
export async function settleIn(page, server, email) {
  await page.goto(`${server.url}/signin`);
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Send me a link");
  await shown(page, "Check your mail");
  await page.goto(await mailedLink(server.url, email));
  await press(page, "Sign in");
  await page.getByLabel("Your name").fill("Amina");
  await page.getByLabel("Workspace name").fill("Duka");
  await press(page, "Create workspace");
  await page.goto(`${server.url}/wallet`);
  await page.getByLabel("M-Pesa phone").fill("0722 000 001");
  await press(page, "Request payment");
  await shown(page, "Payment received");
  await page.goto(`${server.url}/numbers`);
  await press(page, `Claim ${NUMBER}`);
  await shown(page, "The number is yours");
}
