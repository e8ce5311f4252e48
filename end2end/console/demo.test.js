// The click-to-call page that ships beside the SDK: one click to a voice.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hears } from "../support/audio.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { startServer } from "../support/server.js";
import { press, settleIn } from "./newcomer.js";

let server, browser, page;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  page = await openPage(browser);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("who is not signed in is told so", async () => {
  await page.goto(`${server.url}/sdk/demo/`);
  await press(page, "Call us");
  await page.getByText("(token.refused)").waitFor();
  page.problems.length = 0; // The 401 itself.
});

test("one click calls, and the answer is heard", async () => {
  await settleIn(page, server, "eshe@example.co.ke");
  await page.goto(`${server.url}/sdk/demo/`);
  await press(page, "Call us");
  await page.locator('#phone[data-state="inCall"]').waitFor();
  await hears(page);
  await page.getByLabel("Digits").pressSequentially("1#");
  await press(page, "Hang up");
  await page.getByText(/Call ended \(localHangup, \d+ s\)/).waitFor();
  assert.deepEqual(page.problems, []);
});

test("any page may load the SDK", async () => {
  for (const [file, type] of [["index.esm.js", "text/javascript; charset=utf-8"], ["sautikit_bg.wasm", "application/wasm"]]) {
    for (const folder of ["/sdk/browser", "/sdk/browser/0.1.0"]) {
      const answer = await fetch(`${server.url}${folder}/${file}`, { headers: { Origin: "https://shop.example" } });
      assert.equal(answer.status, 200, folder + file);
      assert.equal(answer.headers.get("content-type"), type);
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    }
  }
});
