// Two nodes on one PostgreSQL: a page that is connected to one of them is called by a call that runs on the other.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { startNode } from "../chaos/node.js";
import { freePort } from "../support/ports.js";
import { startPostgres } from "../chaos/postgres.js";
import { codec, hears, speaks } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { eventually, openWorkspace } from "../support/workspace.js";

let postgres, here, there, browser, workspace, customer;

before(async () => {
  [postgres, browser] = await Promise.all([startPostgres(), launchBrowser()]);
  const key = randomBytes(32).toString("base64");
  const start = async (publicUrl) => {
    const more = `\n[secrets]\nmaster_key = "${key}"\n\n[nodes]\nlisten = "127.0.0.1:${await freePort()}"\n`;
    // No carrier is there, and none is asked.
    return startNode({ carrierPort: await freePort(), database: postgres.url, more, publicUrl });
  };
  here = await start();
  there = await start(here.url);
  workspace = await openWorkspace(here.url);
  customer = await startCustomer(workspace);
});
after(async () => {
  customer?.stop();
  await browser?.close();
  await Promise.all([here?.stop(), there?.stop()]);
  await postgres?.remove();
});

/** A page with a phone that is connected to this node. */
const open = async (node, stack, identity) => {
  const account = { ...(await workspace.token({ identity })), server: node.url, from: workspace.number };
  return openPhone(browser, { customer, stack, account: { ...account, ws_url: `${node.url.replace("http", "ws")}/sip` } });
};

for (const [caller, called] of [["jssip", "sipjs"], ["sipjs", "jssip"]]) {
  test(`${caller} at one node calls ${called} at the other, each hears the other, and the callee ends it`, { timeout: 90_000 }, async () => {
    const [asha, bob] = [await open(here, caller, `asha.${caller}`), await open(there, called, `bob.${called}`)];
    await eventually("both are registered", async () => (await workspace.get("/v1/sip/registrations")).length >= 2);
    await asha.call(`bob.${called}`);
    assert.equal((await bob.sees("incoming")).from, workspace.number);
    await asha.sees("ringing");
    await bob.accept();
    await Promise.all([asha.sees("answered"), bob.sees("answered")]);
    // One speaks at a time, so that what is heard is the other's voice and no echo of one's own.
    await Promise.all([speaks(asha.page, true), speaks(bob.page, false)]);
    await hears(bob.page);
    await Promise.all([speaks(asha.page, false), speaks(bob.page, true)]);
    await hears(asha.page);
    assert.deepEqual([await codec(asha.page), await codec(bob.page)], ["audio/opus", "audio/opus"]);
    await bob.hangup();
    assert.equal((await asha.sees("ended")).by, "them");
    const call = await workspace.newestBilled();
    assert.deepEqual([call.status, call.to, call.cost_minor], ["completed", `bob.${called}`, 0]);
    for (const phone of [asha, bob]) {
      await phone.close();
      assert.deepEqual(phone.page.problems, []);
    }
  });
}
