// Every page, in every look: no violation that axe knows (WCAG 2.2 AA), no sideways scrolling, nothing in the console.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { eventually, mailedLink, openWorkspace } from "../support/workspace.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const EMAIL = "chausiku@example.co.ke";
const LOOKS = [
  { name: "wide, light, English", viewport: { width: 1440, height: 900 }, colorScheme: "light", lang: "en" },
  { name: "phone, dark, Swahili", viewport: { width: 390, height: 844 }, colorScheme: "dark", lang: "sw" },
];

let server, browser, cookies, paths;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const workspace = await openWorkspace(server.url, { email: EMAIL });
  const call = async (to, more = {}) => (await workspace.post("/v1/calls", { from: workspace.number, to, ...more }, 202)).call_id;
  const calls = {
    completed: await call("+254722009905", { max_duration: 1, record: "dual" }),
    busy: await call("+254722009901"),
    failed: await call("+254722009903"),
  };
  for (const id of Object.values(calls)) {
    await eventually("the call's end", async () => (await workspace.get(`/v1/calls/${id}`)).cost_minor !== null);
  }
  await eventually("a recording", async () => (await workspace.get("/v1/recordings?status=ready")).length === 1);
  calls.running = await call("+254722000042", { max_duration: 600, actions: [{ pause: { length: 600 } }] });
  await call("+254722000043", { max_duration: 600, actions: [{ conference: { name: "stand-up" } }] });
  await call("+254722000044", { max_duration: 600, actions: [{ enqueue: { name: "support" } }] });
  await eventually("a conference and a queue", async () => (await workspace.get("/v1/conferences")).length + (await workspace.get("/v1/queues")).length === 2);
  // Nobody listens there: its deliveries fail and wait.
  const endpoint = await workspace.post("/v1/webhooks", { url: "http://127.0.0.1:9/events", description: "Orders" }, 201);
  const test = await workspace.post(`/v1/webhooks/${endpoint.id}/test`, {}, 202);
  await eventually("an attempt", async () => (await workspace.get(`/v1/webhooks/deliveries/${test.id}/attempts`)).log.length > 0);
  cookies = await signedIn();
  assert.equal((await server.command("operator", "grant", EMAIL)).code, 0);
  paths = {
    "start page": "/", "sign-in": "/signin", "sign-in on the way": "/signin?return_to=/calls", "link check": "/auth/verify?token=x", "declined invitation": "/invitation?done=declined", "closed invitation": "/invitation?token=x", "incomplete link": "/auth/verify",
    home: "/home", numbers: "/numbers", number: `/numbers/${workspace.numberId}`, calls: "/calls", meetings: "/calls/meetings", playground: "/developers/playground", recordings: "/recordings", "no recording": "/recordings?status=failed", storage: "/recordings/storage", "no match": "/calls?remote=999999",
    members: "/workspace/members", roles: "/workspace/roles", "audit log": "/workspace/audit", "no entry": "/workspace/audit?actor=nobody",
    settings: "/workspace/settings", "new workspace": "/workspaces/new", profile: "/profile", requests: "/developers/requests", "no request": "/developers/requests?path=/none", operator: "/operator/workspaces", providers: "/operator/providers", series: "/operator/series", "one series": await firstSeries(), inventory: "/operator/numbers", prices: "/operator/prices", "operator's payments": "/operator/payments?check=paystack", trunks: "/operator/trunks",
    wallet: "/wallet", limits: "/wallet/limits", alerts: "/wallet/alerts", "operator's workspace": `/operator/workspaces/${await workspaceId()}`, keys: "/developers/keys", webhooks: "/developers/webhooks", endpoint: `/developers/webhooks/${endpoint.id}`, "no delivery": `/developers/webhooks/${endpoint.id}?status=delivered`, delivery: `/developers/deliveries/${test.id}`, softphone: "/softphone", "sent mail": "/dev/mail",
    ...Object.fromEntries(Object.entries(calls).map(([name, id]) => [`${name} call`, `/calls/${id}`])),
    "unknown call": "/calls/019a0000-0000-7000-8000-000000000001", "unknown page": "/nowhere", "refused method": "/console/wallet/top-ups",
    "price list": "/pricing", "price list of a country": "/pricing?currency=USD&country=TZ", documentation: "/docs", "error page": "/docs/errors/wallet.insufficient_funds", demo: "/sdk/demo/",
  };
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The id of the workspace. */
async function workspaceId() {
  const cookie = cookies.map((one) => `${one.name}=${one.value}`).join("; ");
  return (await (await fetch(`${server.url}/v1/workspace`, { headers: { Cookie: cookie } })).json()).id;
}

/** The session cookie of a fresh sign-in by mail. */
async function signedIn() {
  const json = { "Content-Type": "application/json", Origin: server.url };
  const seen = await mailedLink(server.url, EMAIL);
  await fetch(`${server.url}/v1/auth/magic-link`, { method: "POST", headers: json, body: JSON.stringify({ email: EMAIL }) });
  const link = await eventually("a second mail", async () => {
    const mails = await (await fetch(`${server.url}/dev/mail.json`)).json();
    return mails.map((mail) => mail.links[0]).find((link) => link && link !== seen);
  });
  const body = JSON.stringify({ token: new URL(link).searchParams.get("token") });
  const answer = await fetch(`${server.url}/v1/auth/magic-link/verify`, { method: "POST", headers: json, body });
  const [name, value] = answer.headers.getSetCookie()[0].split(";")[0].split("=");
  return [{ name, value, url: server.url }];
}

/** The page of the series that development mode has. */
async function firstSeries() {
  const headers = { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") };
  const [series] = await (await fetch(`${server.url}/v1/admin/series`, { headers })).json();
  return `/operator/series/${series.id}`;
}

/** Answers that are errors by intent; their own load is reported to the browser's console. */
const REFUSED = ["closed invitation", "unknown call", "unknown page", "refused method"];

for (const { name, viewport, colorScheme, lang } of LOOKS) {
  test(name, async (t) => {
    const context = await browser.newContext({ viewport, colorScheme, timezoneId: "Africa/Nairobi", permissions: ["microphone"] });
    await context.addCookies([...cookies, { name: "sk_lang", value: lang, url: server.url }]);
    const page = await context.newPage();
    let problems = [];
    page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    for (const [what, path] of Object.entries(paths)) {
      await t.test(what, async () => {
        problems = [];
        await page.goto(server.url + path, { waitUntil: "load" });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`), []);
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overhang <= 0, `scrolls sideways by ${overhang}`);
        assert.equal(await page.locator("h1").count(), 1);
        assert.deepEqual(REFUSED.includes(what) ? problems.filter((text) => !text.startsWith("Failed to load resource")) : problems, []);
      });
    }
    await context.close();
  });
}

test("times are the viewer's, with UTC on hover", async () => {
  const context = await browser.newContext({ timezoneId: "Asia/Tokyo" });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(server.url + paths["completed call"]);
  const time = page.locator("time").first();
  const utc = await time.getAttribute("title");
  const hour = new Intl.DateTimeFormat("en-KE", { timeZone: "Asia/Tokyo", hour: "2-digit", hourCycle: "h23" }).format(new Date(utc));
  assert.match(utc, /Z$/);
  assert.match(await time.innerText(), new RegExp(`\\b${hour}:`));
  await context.close();
});
