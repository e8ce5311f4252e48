// People share a workspace: invited, accepted by a second browser, given another role, removed; and one person has several.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";
import { press, shown, signIn, signUp } from "./newcomer.js";

const OWNER = "neema@example.co.ke";
const INVITED = "otieno@example.co.ke";

let server, browser, owner, invited;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  [owner, invited] = [await openPage(browser), await openPage(browser)];
  await signUp(owner, server, OWNER, { name: "Neema", workspace: "Duka Moja" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const row = (page, text) => page.locator("tbody tr", { hasText: text });
const names = (page) => page.locator(".sidebar__body--wide .nav__link").allInnerTexts();
/** The workspace that the side bar says this is. */
const workspace = (page) => page.locator(".sidebar__body--wide .workspace__name").innerText();
const menu = (page) => page.locator(".sidebar__body--wide .switcher > summary").click();

test("an invitation is sent, withdrawn and sent again", async () => {
  await owner.goto(`${server.url}/workspace/members`);
  await shown(owner, "No open invitations");
  for (const role of ["Finance", "Viewer"]) {
    await owner.getByLabel("E-mail address").fill(INVITED);
    await owner.getByLabel("Role", { exact: true }).selectOption(role);
    await press(owner, "Send invitation");
    await shown(owner, "The invitation is on its way");
    if (role === "Viewer") break;
    await press(owner, `Withdraw the invitation of ${INVITED}`);
    await shown(owner, "The invitation was withdrawn");
  }
  assert.match(await row(owner, INVITED).innerText(), /Viewer/);
});

test("the invited accepts in their own browser and sees what a viewer may", async () => {
  await signIn(invited, server, INVITED);
  const link = await eventually("the invitation", async () => {
    const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
    return mails.flatMap((mail) => mail.links).filter((link) => link.includes("/invitation?")).at(0);
  });
  await invited.goto(link);
  await press(invited, "Accept");
  await invited.waitForURL("**/home");
  assert.equal(await workspace(invited), "Duka Moja");
  const links = await names(invited);
  assert.ok(links.includes("Members") && !links.includes("Audit log") && !links.includes("Workspaces"), links.join());
  await invited.goto(`${server.url}/workspace/members`);
  assert.equal(await invited.getByRole("button", { name: "Send invitation" }).count(), 0);
  assert.equal(await invited.locator("summary", { hasText: "Change" }).count(), 0);
  await invited.goto(`${server.url}/developers/keys`);
  assert.equal(await invited.getByRole("button", { name: "Create key" }).count(), 0);
});

test("another role brings its pages with it", async () => {
  await owner.goto(`${server.url}/workspace/members`);
  await row(owner, INVITED).locator("summary", { hasText: "Change" }).click();
  await row(owner, INVITED).getByLabel("Role").selectOption("Developer");
  await press(owner, "Change role");
  await shown(owner, "The role was changed");
  await invited.goto(`${server.url}/workspace/audit`);
  assert.ok((await names(invited)).includes("Audit log"));
  await invited.locator(".changes", { hasText: "viewer" }).filter({ hasText: "developer" }).first().waitFor();
});

test("the audit log is filtered by action and by person, and exported", async () => {
  await owner.goto(`${server.url}/workspace/audit`);
  await owner.getByLabel("Action").selectOption({ label: "Invitation withdrawn" });
  await press(owner, "Filter");
  assert.equal(await owner.locator("tbody tr:not(.table__day)").count(), 1);
  await owner.getByLabel("Who").fill(INVITED);
  await press(owner, "Filter");
  await shown(owner, "No entry matches these filters");
  await owner.getByRole("link", { name: "Clear filters" }).click();
  await owner.getByLabel("Who").fill(INVITED);
  await press(owner, "Filter");
  const downloaded = owner.waitForEvent("download");
  await owner.getByRole("link", { name: "Export CSV" }).click();
  const lines = (await (await (await downloaded).createReadStream()).setEncoding("utf8").toArray()).join("").trim().split("\r\n");
  assert.equal(lines.length, 1 + (await owner.locator("tbody tr:not(.table__day)").count()));
  assert.ok(lines.slice(1).every((line) => line.includes(INVITED)));
});

test("a removed member is out at once", async () => {
  await owner.goto(`${server.url}/workspace/members`);
  await row(owner, INVITED).locator("summary", { hasText: "Remove" }).click();
  await owner.getByLabel(`Type “${INVITED}” to confirm`).fill("somebody");
  await press(owner, "Remove member");
  await shown(owner, "What you typed is not the name");
  await row(owner, INVITED).locator("summary", { hasText: "Remove" }).click();
  await owner.getByLabel(`Type “${INVITED}” to confirm`).fill(INVITED);
  await press(owner, "Remove member");
  await shown(owner, "The member was removed");
  await invited.goto(`${server.url}/calls`);
  await invited.waitForURL("**/onboarding?return_to=*");
});

test("the last owner stays, and learns why", async () => {
  await row(owner, OWNER).locator("summary", { hasText: "Leave" }).click();
  await owner.getByLabel("Type “Duka Moja” to confirm").fill("Duka Moja");
  await press(owner, "Leave workspace");
  await owner.getByText("accounts.last_owner").waitFor();
  owner.problems.length = 0; // The refusal itself.
});

test("a second workspace is opened, renamed, left for the first and deleted", async () => {
  await menu(owner);
  await owner.getByRole("link", { name: "Create a workspace" }).click();
  await owner.getByLabel("Workspace name").fill("Duka Mbili");
  await press(owner, "Create workspace");
  await owner.waitForURL("**/home");
  assert.equal(await workspace(owner), "Duka Mbili");
  await owner.goto(`${server.url}/workspace/settings`);
  await owner.getByLabel("Name").fill("Duka Tatu");
  await press(owner, "Save");
  await shown(owner, "Settings saved");
  await menu(owner);
  await owner.locator(".sidebar__body--wide").getByRole("button", { name: /Duka Moja/ }).click();
  await owner.waitForURL("**/home");
  assert.equal(await workspace(owner), "Duka Moja");
  await menu(owner);
  await owner.locator(".sidebar__body--wide").getByRole("button", { name: /Duka Tatu/ }).click();
  await owner.waitForURL("**/home");
  await owner.goto(`${server.url}/workspace/settings`);
  await owner.getByLabel("Type “Duka Tatu” to confirm").fill("Duka Tatu");
  await press(owner, "Delete workspace");
  await owner.waitForURL("**/home");
  assert.equal(await workspace(owner), "Duka Moja");
});

test("what opens closes by Escape, which leads back to its button", async () => {
  await owner.goto(`${server.url}/workspace/members`);
  const leave = row(owner, OWNER).locator("summary", { hasText: "Leave" });
  await leave.focus();
  await owner.keyboard.press("Enter");
  await owner.keyboard.press("Tab");
  await owner.keyboard.type("Duka");
  assert.equal(await owner.getByLabel("Type “Duka Moja” to confirm").inputValue(), "Duka");
  await owner.keyboard.press("Escape");
  assert.equal(await owner.locator("details.confirm[open]").count(), 0);
  assert.ok(await leave.evaluate((summary) => summary === document.activeElement));
  await menu(owner);
  await owner.locator("h1").click();
  assert.equal(await owner.locator("details.switcher[open]").count(), 0);
});

test("no page had an error meanwhile", () => {
  assert.deepEqual([...owner.problems, ...invited.problems], []);
});
