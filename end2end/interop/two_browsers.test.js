// Two browsers of one workspace call each other by identity: Opus from end to end, no telephone, no money.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { codec, hears, speaks } from "../support/audio.js";
import { launchBrowser } from "../support/browser.js";
import { startCustomer } from "../support/customer.js";
import { openPhone } from "../support/phone.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";

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

const open = async (stack, identity) => {
  const account = { server: server.url, from: workspace.number, ...(await workspace.token({ identity })) };
  return openPhone(browser, { customer, stack, account, how: stack === "sdk" ? "by its own token" : undefined });
};

for (const [caller, called] of [["sdk", "jssip"], ["sipjs", "sdk"]]) {
  test(`${caller} calls ${called} by identity and each hears the other alone`, { timeout: 60_000 }, async () => {
    const [asha, bob] = [await open(caller, `asha.${caller}`), await open(called, `bob.${called}`)];
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
