// A page that sleeps in a call, as under a lid that was closed: its process stands still, and so does all that it would say.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hears } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

/** Says back what it hears. */
const ANSWERS = "+254722000042";
const ASLEEP_MS = 20_000;

let server, browser, workspace, customer;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  workspace = await openWorkspace(server.url);
  customer = await startCustomer(workspace);
});
after(async () => {
  customer?.stop();
  await browser?.close();
  await server?.stop();
});

/** Stops the processes of this browser's pages and lets them go on again. */
async function pages() {
  const inspector = await browser.newBrowserCDPSession();
  const { processInfo } = await inspector.send("SystemInfo.getProcessInfo");
  const ids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  assert.ok(ids.length > 0);
  return (signal) => ids.forEach((id) => process.kill(id, signal));
}

test("a call survives 20 s of sleep, and is heard and hung up after it", { timeout: 120_000 }, async () => {
  const page = await openPage(browser);
  await page.exposeFunction("mint", () => workspace.token({ identity: "sleeps" }));
  await page.goto(customer.url);
  await page.evaluate(async ([url, to, from]) => {
    const { SautikitClient } = await import(`${url}/sdk/browser/index.esm.js`);
    window.log = [];
    window.client = new SautikitClient({ getToken: () => mint() });
    await client.connect();
    window.call = await client.call(to, { from });
    for (const event of ["answered", "reconnecting", "reconnected", "ended"]) call.on(event, (info) => log.push({ event, ...info }));
  }, [server.url, ANSWERS, workspace.number]);
  await page.waitForFunction(() => log.some(({ event }) => event === "answered"));
  await hears(page);
  const signal = await pages();
  signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, ASLEEP_MS));
  signal("SIGCONT");
  await hears(page);
  await page.waitForFunction(() => call.state === "active" && !call.isReconnecting && client.state === "registered");
  await hears(page);
  const told = await page.evaluate(async () => {
    await call.hangup();
    return log.map(({ event }) => event);
  });
  assert.equal(told.filter((event) => event === "ended").length, 1, told.join(" "));
  const record = await workspace.newestBilled();
  assert.deepEqual([record.status, record.hangup_cause], ["completed", "normal_clearing"]);
  assert.ok(record.duration_seconds >= ASLEEP_MS / 1_000, `${record.duration_seconds} s`);
  assert.deepEqual(page.problems, []);
});
