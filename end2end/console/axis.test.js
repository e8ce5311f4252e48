// A call's page as one axis of time: what happened stands in its lane, opens beside it with what was asked and answered, by
// mouse, by keyboard and without script, and the list says the same in order.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NUMBER = "+254700000001";
const CALLER = "+254722000042";
/** Answers, talks and hangs up after 5 s. */
const COLLEAGUE = "+254722009905";
/** Where pictures go, for whoever wants to look. */
const PICTURES = process.env.PICTURES;

describe("the axis of a call", () => {
  let server, browser, workspace, page, customer, id;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ({ workspace } = await signIn(server.url, { email: "axis@example.com", number: NUMBER }));
    customer = createServer(async (request, response) => {
      await request.resume();
      const answer = request.url === "/next"
        ? "<Response><Hangup/></Response>"
        : `<Response><Say>Welcome to the shop.</Say><Dial record="true" action="/next"><Number>${COLLEAGUE}</Number></Dial></Response>`;
      response.writeHead(200, { "Content-Type": "text/xml" }).end(answer);
    }).listen(0, "127.0.0.1");
    await once(customer, "listening");
    await workspace.route({ voice_callback_url: `http://127.0.0.1:${customer.address().port}/voice` });
    id = (await workspace.post("/v1/sandbox/inbound", { to: NUMBER, from: CALLER }, 202)).call_id;
    await eventually("the call's bill", async () => (await workspace.get(`/v1/calls/${id}`)).cost_minor !== null);
    await eventually("the final callback's answer", async () => {
      const events = await workspace.get(`/v1/calls/${id}/events`);
      const count = (kind) => events.filter((event) => event.kind === kind).length;
      return count("callback.sent") > 1 && count("callback.sent") === count("callback.answered");
    });
    await eventually("the recording", async () => (await workspace.get(`/v1/recordings?call_id=${id}`))[0]?.status === "ready");
    page = await openPage(browser);
    await signedIn(page.context());
    await page.setViewportSize({ width: 1440, height: 1000 });
  });
  after(async () => {
    await browser?.close();
    customer?.closeAllConnections();
    customer?.close();
    await server?.stop();
  });

  const signedIn = (context) => {
    const [name, value] = workspace.headers.Cookie.split("=");
    return context.addCookies([{ name, value, url: server.url }]);
  };
  const open = (query = "") => page.goto(`${server.url}/calls/${id}${query}`);
  const drawing = () => page.locator("svg[data-axis-field=wide]");
  const lane = (name) => drawing().getByRole("group", { name });
  const opened = () => page.locator(".inspector__item:visible");

  test("everyone has a lane, and what they did stands in it", async () => {
    await open();
    const names = await drawing().locator("g[role=group]").evaluateAll((groups) => groups.map((group) => group.getAttribute("aria-label")));
    assert.deepEqual(names, [`Caller, ${CALLER}`, "Gateway", "Your server", `Called, ${COLLEAGUE}`, "Money"]);
    const marks = (name) => lane(name).getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("aria-label")));
    const server_ = await marks("Your server");
    assert.equal(server_.length, 3);
    for (const mark of server_) assert.match(mark, /^Your server answered, 200 · \d+ ms, \+\d+\.\d{3} s/);
    assert.match((await marks("Gateway")).join("\n"), /Action say[^]*Action dial[^]*Action hangup/);
    assert.match((await marks("Called")).join("\n"), /Talking, \+254722009905/);
    assert.match((await marks("Money")).join("\n"), /Call was billed/);
    assert.equal(await lane("Caller").locator(".mark--recording path").count() + await lane("Called").locator(".mark--recording path").count(), 1);
  });

  test("places along the axis are the times of the entries", async () => {
    await open();
    const events = await workspace.get(`/v1/calls/${id}/events`);
    const times = events.map((event) => Date.parse(event.occurred_at));
    const answered = Date.parse(events.find((event) => event.kind === "leg.answered" && event.data.leg === 0).occurred_at);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const expected = (answered - first) / ((last - first) * 1.02);
    const box = await drawing().boundingBox();
    const bar = await lane("Caller").locator(".mark--talking .mark__body").first().boundingBox();
    assert.ok(Math.abs((bar.x - box.x) / box.width - expected) < 0.01, `${(bar.x - box.x) / box.width} is not ${expected}`);
  });

  test("a click opens what was asked and answered, indented, and Escape closes it", async () => {
    await open();
    await lane("Your server").locator(".mark__body").first().click();
    await opened().waitFor();
    assert.equal(await opened().count(), 1);
    const text = await opened().innerText();
    assert.match(text, /POST http:\/\/127\.0\.0\.1:\d+\/voice/);
    assert.match(text, new RegExp(`From=\\${CALLER}`));
    assert.match(text, /HTTP 200/);
    assert.match(text, /<Response>\n {2}<Say>Welcome to the shop\.<\/Say>\n {2}<Dial/);
    assert.match(page.url(), /#entry-\d+$/);
    await page.keyboard.press("Escape");
    assert.equal(await opened().count(), 0);
    assert.doesNotMatch(page.url(), /#/);
  });

  test("each SIP message is an arrow at its party, and its text opens beside it without secrets", async () => {
    await open();
    const { data: messages } = await workspace.get(`/v1/calls/${id}/sip`);
    const arrows = await drawing().locator(".mark--sip").evaluateAll((links) => links.map((link) => link.getAttribute("aria-label")));
    assert.equal(arrows.length, messages.length);
    assert.match((await lane("Caller").locator(".mark--sip").first().getAttribute("aria-label")), /^INVITE received, \+254722000042, \+0\.000 s/);
    assert.match((await lane("Called").locator(".mark--sip").first().getAttribute("aria-label")), /^INVITE sent, \+254722009905/);
    await lane("Called").locator(".mark--sip").first().click();
    await opened().waitFor();
    const text = await opened().innerText();
    assert.match(text, /INVITE sip:[^]*Via: SIP\/2\.0\/UDP[^]*CSeq: \d+ INVITE/);
    assert.match(page.url(), /#sip-\d+$/);
    await page.keyboard.press("Escape");
    assert.equal(await opened().count(), 0);
  });

  test("how each party sounded is a band with its score, and its pieces open beside it", async () => {
    await open();
    const band = lane("Called").locator("a[href^='#quality-']").first();
    assert.match(await band.getAttribute("aria-label"), /^How it sounded, (MOS [1-4]\.\d|no packets), \+/);
    await band.click();
    await opened().waitFor();
    assert.match(await opened().innerText(), /MOS[^]*Jitter/);
    await page.keyboard.press("Escape");
  });

  test("by keyboard: from mark to mark, in, out, closer and back", async () => {
    await open();
    const first = drawing().locator("a.mark").first();
    await first.focus();
    const at = () => page.evaluate(() => Number(document.activeElement.dataset.from));
    const before = await at();
    for (let step = 0; step < 4; step++) await page.keyboard.press("ArrowRight");
    assert.ok(await at() >= before);
    const name = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    await page.keyboard.press("Enter");
    await opened().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H2");
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), name);
    const width = async () => (await drawing().boundingBox()).width;
    const whole = await width();
    await page.keyboard.press("+");
    assert.ok(Math.abs(await width() - whole * 2) < 2);
    await page.keyboard.press("0");
    assert.ok(Math.abs(await width() - whole) < 2);
  });

  test("an address with an entry opens it", async () => {
    const mark = await lane("Gateway").getByRole("link").first().getAttribute("href");
    await page.goto("about:blank");
    await open(mark);
    assert.equal(await opened().getAttribute("id"), mark.slice(1));
  });

  test("the list has beginnings and ends on one line, in order, to the millisecond", async () => {
    await open("?view=list");
    const times = await page.locator(".timeline time").evaluateAll((all) => all.map((time) => time.dateTime));
    assert.deepEqual(times, times.toSorted((one, other) => Date.parse(one) - Date.parse(other)));
    assert.match(await page.locator(".timeline time").first().innerText(), /\d\d:\d\d:\d\d\.\d{3}/);
    const titles = await page.locator(".timeline__title a").allInnerTexts();
    assert.equal(titles.filter((title) => title === "Your server answered").length, 3);
    assert.equal(titles.filter((title) => title === "Your server was asked").length, 0);
    await page.getByRole("link", { name: "Action say" }).click();
    assert.match(await opened().innerText(), /"text": "Welcome to the shop\."/);
  });

  test("without script a mark leads to its details", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1440, height: 1000 } });
    await signedIn(context);
    const plain = await context.newPage();
    await plain.goto(`${server.url}/calls/${id}`);
    assert.equal(await plain.locator(".inspector__item:visible").count(), 0);
    await plain.locator("svg[data-axis-field=wide]").getByRole("group", { name: "Your server" }).locator(".mark__body").first().click();
    assert.equal(await plain.locator(".inspector__item:visible").count(), 1);
    await plain.getByRole("link", { name: "Close" }).click();
    assert.equal(await plain.locator(".inspector__item:visible").count(), 0);
    await context.close();
  });

  test("a phone has time run downwards and details rise from below; nothing that axe knows is wrong", async () => {
    for (const [width, height] of [[390, 844], [768, 1024], [1440, 1000], [1920, 1080]]) {
      for (const colorScheme of ["light", "dark"]) {
        for (const [view, query] of [["axis", ""], ["list", "?view=list"]]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height });
          await open(query);
          await picture(`${view}-${width}-${colorScheme}`);
          const link = view === "axis" ? page.locator("a.mark--good .mark__body:visible").first() : page.locator(".timeline__title a").nth(1);
          await link.click();
          await opened().waitFor();
          await picture(`${view}-open-${width}-${colorScheme}`);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run());
          assert.deepEqual(violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`), [], `${view} at ${width}, ${colorScheme}`);
          const overhang = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          assert.ok(overhang <= 0, `${view} at ${width} scrolls sideways by ${overhang}`);
        }
      }
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await open();
    assert.ok(await page.locator("svg[data-axis-field=tall]").isVisible());
    assert.ok(!await drawing().isVisible());
    assert.deepEqual(page.problems, []);
  });

  async function picture(name) {
    if (!PICTURES) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: `${PICTURES}/${name}.png` });
  }
});
