// The gates before the console: who is sent to one comes back to the page that they wanted; and the page of a mailed link
// tells nobody its address, while its forms still count as ours.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually, mailedLink } from "../support/workspace.js";
import { press, shown, signIn, signUp } from "./newcomer.js";

const OWNER = "zuhura@example.co.ke";
const INVITED = "kiprono@example.co.ke";
const OPERATOR = "mosi@example.co.ke";

let server, browser, owner, elsewhere;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  owner = await openPage(browser);
  await signUp(owner, server, OWNER, { name: "Zuhura", workspace: "Duka Moja" });
  // A page of somebody else.
  elsewhere = createServer((request, response) => response.setHeader("content-type", "text/html").end(attack));
  elsewhere.listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
});
after(async () => {
  await browser?.close();
  await server?.stop();
  elsewhere?.close();
});

let attack = "";

/** The newest link that was mailed to `email` and contains `part`. */
const newestLink = (email, part) => eventually(`a link for ${email}`, async () => {
  const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
  return mails.filter((mail) => mail.to === email).flatMap((mail) => mail.links).find((link) => link.includes(part));
});

async function askForLink(page, email) {
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Send me a link");
  await shown(page, "Check your mail");
  return newestLink(email, "/auth/verify");
}

test("a page that was asked for signed out is shown after signing in", async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/calls?status=failed`);
  await page.waitForURL("**/signin?return_to=*");
  await page.goto(await askForLink(page, OWNER));
  await press(page, "Sign in");
  await page.waitForURL("**/calls?status=failed");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("a newcomer opens the invitation, signs in, is back at it and accepts, without setting up a workspace", async () => {
  await owner.goto(`${server.url}/workspace/members`);
  await owner.getByLabel("E-mail address").fill(INVITED);
  await press(owner, "Send invitation");
  await shown(owner, "The invitation is on its way");
  const invitation = await newestLink(INVITED, "/invitation?");

  // As someone else first.
  await owner.goto(invitation);
  await shown(owner, `Signed in as ${OWNER}`);
  owner.problems.length = 0; // The refusal itself.

  const page = await openPage(browser);
  await page.goto(invitation);
  assert.equal(await page.getByLabel("E-mail address").inputValue(), INVITED);
  page.problems.length = 0;
  await page.goto(await askForLink(page, INVITED));
  await press(page, "Sign in");
  await page.waitForURL(invitation);
  await press(page, "Kiswahili");
  await press(page, "Kubali");
  await page.waitForURL("**/home");
  assert.equal(await page.locator(".sidebar__body--wide .workspace__name").innerText(), "Duka Moja");
  await page.goto(invitation);
  await shown(page, "Mwaliko huu hauko wazi");
  await page.context().close();
});

test("an operator without a workspace works, and can still make one", async () => {
  const page = await openPage(browser);
  await signIn(page, server, OPERATOR);
  await page.waitForURL("**/onboarding");
  assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
  await page.goto(`${server.url}/home`);
  await page.waitForURL("**/operator/workspaces");
  await page.getByText("Duka Moja").waitFor();
  await page.locator(".sidebar__body--wide").getByRole("link", { name: "Create a workspace" }).click();
  await page.getByLabel("Your name").fill("Mosi");
  await page.getByLabel("Workspace name").fill("Ofisi");
  await press(page, "Create workspace");
  await page.waitForURL("**/home");
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test("whoever came with the wrong address signs out at the gate", async () => {
  const page = await openPage(browser);
  await signIn(page, server, "wrong@example.co.ke");
  await shown(page, "Signed in as wrong@example.co.ke");
  await press(page, "Sign out");
  await page.waitForURL(`${server.url}/`);
  await page.context().close();
});

for (const script of [true, false]) {
  test(`the page of a mailed link tells nobody its address, ${script ? "with" : "without"} script`, async () => {
    const context = await browser.newContext({ javaScriptEnabled: script, locale: "en-US" });
    const page = await context.newPage();
    const sent = [];
    page.on("request", (request) => sent.push(request));
    await page.goto(`${server.url}/signin`);
    const link = await askForLink(page, OWNER);
    sent.length = 0;
    const answer = await page.goto(link);
    assert.equal(answer.headers()["referrer-policy"], "no-referrer");
    await Promise.all([page.waitForURL(link), press(page, "Kiswahili")]);
    await press(page, "Ingia");
    await page.waitForURL("**/home");
    const posted = sent.filter((request) => request.method() === "POST");
    assert.equal(posted.length, 2);
    for (const request of sent) {
      const { referer = "", origin } = await request.allHeaders();
      assert.ok(!referer.includes("token"), `${request.url()} was told ${referer}`);
      if (request.method() === "POST") assert.equal(origin, script ? server.url : "null");
    }
    await context.close();
  });
}

test("on plain HTTP, where browsers tell nothing about sites, the link signs in too", async () => {
  // A name that browsers don't take for trustworthy, as in a local network.
  const own = await startServer(`http.public_url = "http://sautikit.test"\n`);
  const plain = await launchBrowser([`--host-resolver-rules=MAP sautikit.test:80 ${new URL(own.url).host}`]);
  try {
    const page = await openPage(plain);
    let posted;
    page.on("request", (request) => { if (request.method() === "POST") posted = request; });
    await page.goto("http://sautikit.test/signin");
    await page.getByLabel("E-mail address").fill(OWNER);
    await press(page, "Send me a link");
    await shown(page, "Check your mail");
    await page.goto(await mailedLink(own.url, OWNER));
    await press(page, "Sign in");
    await page.waitForURL("**/onboarding");
    const headers = await posted.allHeaders();
    assert.equal(headers["sec-fetch-site"], undefined);
    assert.equal(headers.origin, "http://sautikit.test");
    assert.ok(!(headers.referer ?? "").includes("token"));
  } finally {
    await plain.close();
    await own.stop();
  }
});

test("a foreign page signs nobody in, in a sandbox or not", async () => {
  const page = await openPage(browser);
  await page.goto(`${server.url}/signin`);
  const token = new URL(await askForLink(page, OWNER)).searchParams.get("token");
  const form = `<form method=post action="${server.url}/console/verify"><input name=token value="${token}"><button>Go</button></form>`;
  const sandboxed = `<iframe sandbox="allow-forms allow-scripts allow-top-navigation" srcdoc='${form.replace("<form", "<form target=_top")}'></iframe>`;
  for (const [what, content] of [["its own form", form], ["a sandbox", sandboxed], ["no referrer", `<meta name=referrer content=no-referrer>${form}`]]) {
    attack = `<!DOCTYPE html>${content}`;
    await page.goto(`http://127.0.0.1:${elsewhere.address().port}/`);
    const go = what === "a sandbox" ? page.frameLocator("iframe").getByRole("button") : page.getByRole("button");
    const [answer] = await Promise.all([page.waitForResponse(`${server.url}/console/verify`), go.click()]);
    assert.equal(answer.status(), 403, what);
    await page.getByText("auth.origin_denied").waitFor();
  }
  assert.deepEqual((await page.context().cookies(server.url)).filter(({ name }) => name === "sk_session"), []);
  await page.context().close();
});
