// The palette and the keys, as somebody uses them who never touches the mouse; and lists: rows that open, chips, files.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";

const NUMBER = "+254700000001";
const BUSY = "+254722009901";

describe("finding and going", () => {
  let server, browser, workspace, page, key, call;

  before(async () => {
    [server, browser] = await Promise.all([startServer(), launchBrowser()]);
    ({ workspace, key } = await signIn(server.url, { email: "search@example.com", number: NUMBER }));
    call = (await workspace.post("/v1/calls", { from: NUMBER, to: BUSY }, 202)).call_id;
    await workspace.post("/v1/calls", { from: NUMBER, to: "+254722009903" }, 202);
    await eventually("both ends", async () => (await workspace.get("/v1/calls")).every(({ status }) => ["busy", "failed"].includes(status)));
    page = await openPage(browser);
    const [name, value] = workspace.headers.Cookie.split("=");
    await page.context().addCookies([{ name, value, url: server.url }]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const path = () => new URL(page.url()).pathname;
  const arrives = (at) => page.waitForURL((url) => url.pathname === at);
  /** Opens the palette, types, and goes where the first of what was found leads. */
  async function typed(text) {
    await page.goto(`${server.url}/home`);
    await page.keyboard.press("Control+k");
    await page.locator("#palette a.found").first().waitFor();
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  }

  test("words lead to a page", async () => {
    await typed("recordings");
    await arrives("/recordings");
  });

  test("any pasted id leads to its object", async () => {
    const { id, pbx_call_id } = await workspace.get(`/v1/calls/${call}`);
    const answer = await fetch(`${server.url}/v1/calls/${id}`, { headers: { Authorization: `Bearer ${key}` } });
    const request = answer.headers.get("x-request-id");
    await eventually("the request's row", async () => (await workspace.get(`/v1/requests?request_id=${request}`)).length === 1);
    const [entry] = (await workspace.get("/v1/wallet/ledger")).filter(({ kind }) => kind === "top_up");
    const [event] = (await workspace.get("/v1/events?limit=200")).filter(({ data }) => data.call_id === id);
    const [topUp] = await workspace.get("/v1/wallet/top-ups");
    const [made] = await workspace.get("/v1/api-keys");
    const places = { [event.id]: `/calls/${id}`, [topUp.id]: "/wallet", [made.id]: "/developers/keys", [pbx_call_id]: `/calls/${id}`, [id]: `/calls/${id}`, [workspace.numberId]: `/numbers/${workspace.numberId}`,
      "+254 700 000 001": `/numbers/${workspace.numberId}`, [request]: "/developers/requests", [entry.id]: "/wallet", "wallet.insufficient_funds": "/docs/errors/wallet.insufficient_funds" };
    for (const [text, place] of Object.entries(places)) {
      await typed(text);
      await arrives(place);
    }
  });

  test("part of a number finds its calls, arrows choose", async () => {
    await page.goto(`${server.url}/home`);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("0722009901");
    await page.locator("#palette a.found").getByText(BUSY).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await arrives(`/calls/${call}`);
  });

  test("single keys go to pages and along rows; whoever wants none switches them off", async () => {
    await page.goto(`${server.url}/home`);
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await arrives("/calls");
    await page.waitForLoadState();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await arrives(`/calls/${call}`);
    await page.waitForLoadState();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await page.getByLabel("Single keys do something").uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.keyboard.press("?");
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal(path(), `/calls/${call}`);
    await page.evaluate(() => localStorage.clear());
  });

  test("without script the search is a page", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const [name, value] = workspace.headers.Cookie.split("=");
    await context.addCookies([{ name, value, url: server.url }]);
    const plain = await context.newPage();
    await plain.goto(`${server.url}/home`);
    await plain.getByRole("link", { name: "Search" }).first().click();
    const form = plain.locator("main");
    await form.getByLabel("Words, a number or an id").fill(call);
    await Promise.all([plain.waitForNavigation(), form.getByRole("button", { name: "Search" }).click()]);
    assert.equal(new URL(plain.url()).pathname, `/calls/${call}`);
    await context.close();
  });

  test("a whole row opens, and a line says the day", async () => {
    await page.goto(`${server.url}/calls`);
    assert.match(await page.locator(".table__day").first().innerText(), /\d{1,2} \w+ \d{4}/);
    const cost = await page.locator(".table--calls tbody tr:not(.table__day)").last().locator("td").last().boundingBox();
    await page.mouse.click(cost.x + cost.width / 2, cost.y + cost.height / 2);
    await arrives(`/calls/${call}`);
  });

  test("a filter in force is a chip, and pressing it takes it away", async () => {
    await page.goto(`${server.url}/calls?status=busy&direction=outbound`);
    assert.equal(await page.locator(".table--calls tbody tr:not(.table__day)").count(), 1);
    await page.locator(".chip", { hasText: "Busy" }).click();
    await page.waitForURL(`${server.url}/calls?direction=outbound`);
    assert.equal(await page.locator(".table--calls tbody tr:not(.table__day)").count(), 2);
  });

  test("a list is a file too, with its filters", async () => {
    await page.goto(`${server.url}/calls?status=busy`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: /as CSV/ }).click()]);
    const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString();
    const [head, ...rows] = text.trim().split("\r\n");
    assert.match(head, /^id,pbx_call_id,direction,status/);
    assert.equal(rows.length, 1);
    assert.ok(rows[0].startsWith(call) && rows[0].includes(BUSY));
    for (const list of ["recordings", "requests", "ledger", "numbers", "deliveries", "top-ups", "api-keys", "members", "webhooks", "shadow-requests"]) {
      const answer = await page.request.get(`${server.url}/exports/${list}.csv`);
      assert.equal(answer.status(), 200, list);
      assert.match(answer.headers()["content-type"], /^text\/csv/);
    }
    assert.equal((await fetch(`${server.url}/exports/calls.csv`)).status, 401);
    assert.equal((await page.request.get(`${server.url}/exports/secrets.csv`)).status(), 404);
    assert.deepEqual(page.problems.filter((problem) => !/40[14]/.test(problem)), []);
  });

  test("pages and answers go out compressed", async () => {
    const encoding = async (at, accept) => (await page.request.get(server.url + at, { headers: { "accept-encoding": accept } })).headers()["content-encoding"];
    assert.equal(await encoding("/calls", "gzip, br"), "br");
    assert.equal(await encoding("/v1/openapi.json", "gzip"), "gzip");
    assert.equal(await encoding("/calls", "identity"), undefined);
  });
});
