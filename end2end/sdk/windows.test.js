// A call moves to another network on pages that forbid much, or whose browser has no use for a window of its own: in Chromium the
// SDK opens the new connection in a hidden frame, which a page may show, refuse or take away.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();

/** A page with these headers, on which frames are counted and noted as they were laid out. */
async function opened(headers = {}) {
  world.gateway.headers = headers;
  await world.page.goto(world.gateway.url);
  await world.page.evaluate(() => {
    window.refused = [];
    document.addEventListener("securitypolicyviolation", ({ violatedDirective }) => refused.push(violatedDirective));
    window.frames_ = () => [...document.querySelectorAll("iframe")];
    window.seen = [];
    new MutationObserver((changes) => changes.flatMap(({ addedNodes }) => [...addedNodes]).forEach((node) => {
      if (node.tagName === "IFRAME") seen.push([node.getClientRects().length, node.isConnected && document.documentElement.scrollHeight]);
    })).observe(document, { childList: true, subtree: true });
    window.height = document.documentElement.scrollHeight;
  });
  world.answering(async (request, reply) => reply(200, {}, await world.farEnd(request.body)));
  await world.connect();
}

/** Takes the call to another network, and waits until it is heard again. */
async function move() {
  const before = await world.page.evaluate(() => log.filter(({ event }) => event === "reconnected").length);
  await world.page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await world.page.waitForFunction((before) => log.filter(({ event }) => event === "reconnected").length > before, before);
  await world.page.waitForFunction(() => far.connectionState === "connected");
  await world.hears();
}

/** How many frames the SDK has opened; that none was laid out, that at most one is left in the call and none behind it. */
async function windowsOpened() {
  const during = await world.page.evaluate(() => [frames_().length, refused]);
  await world.page.evaluate(() => call.hangup());
  const { after, seen, height } = await world.page.evaluate(() => ({ after: frames_().length, seen, height }));
  assert.ok(during[0] <= 1, `${during[0]} frames`);
  assert.deepEqual(during[1], [], "what the page forbids was not asked for");
  assert.equal(after, 0, "a frame is left behind");
  for (const [boxes, tall] of seen) assert.deepEqual([boxes, tall === false ? height : tall], [0, height], "a frame was laid out");
  return seen.length;
}

const STRICT = "default-src 'self'; frame-src 'none'; child-src 'none'; object-src 'none'; script-src 'self' 'wasm-unsafe-eval'; " +
  "connect-src 'self' ws://127.0.0.1:*; media-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";
const FORBID = {
  "frames and everything that is not the page's own": { "content-security-policy": STRICT },
  "text that becomes code": { "content-security-policy": "require-trusted-types-for 'script'; trusted-types 'none'" },
  "a sandbox's pop-ups, forms and downloads": { "content-security-policy": "sandbox allow-scripts allow-same-origin" },
  "frames the microphone": { "permissions-policy": "microphone=(self), camera=(), display-capture=()" },
  "what other origins do not offer": { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" },
};

for (const [what, headers] of Object.entries(FORBID)) {
  test(`a page that forbids ${what} takes its call along, by a frame that nobody sees`, async () => {
    await opened(headers);
    await world.talk();
    await move();
    await world.isHeard();
    await move();
    assert.ok(await windowsOpened() >= 2);
  });
}

test("a page whose frames are strangers to it takes its call along by a connection of its own", async () => {
  await opened({ "content-security-policy": "sandbox allow-scripts" });
  assert.equal(await world.page.evaluate(() => self.origin), "null");
  await world.talk({ microphone: "none" });
  await move();
  await move();
  await windowsOpened();
});

test("a browser that is no Chromium opens no frames", async () => {
  await opened();
  await world.page.evaluate(() => delete Navigator.prototype.userAgentData);
  await world.talk();
  await move();
  await world.isHeard();
  assert.equal(await windowsOpened(), 0);
});

test("a page that shows all its frames does not show this one", async () => {
  await opened();
  await world.page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("iframe, [hidden] { display: block !important; width: 100%; height: 2000px; }");
    document.adoptedStyleSheets = [sheet];
  });
  await world.talk();
  await move();
  assert.ok(await windowsOpened() >= 1);
});

test("a page that replaces its body keeps its call", async () => {
  await opened();
  await world.talk();
  await move();
  await world.page.evaluate(() => document.body.replaceWith(document.createElement("body")));
  await world.hears();
  await world.isHeard();
  assert.deepEqual(await world.page.evaluate(() => [[...document.querySelectorAll("audio[data-sautikit]")].map(({ paused }) => paused), log.filter(({ event }) => event === "reconnecting").length]), [[false], 1]);
});

test("a page that removes the frame has its call back by another", async () => {
  await opened();
  await world.talk();
  await move();
  await world.page.evaluate(() => frames_().forEach((frame) => frame.remove()));
  await world.page.waitForFunction(() => log.filter(({ event }) => event === "reconnected").length === 2);
  await world.hears();
  await world.isHeard();
  assert.equal(await world.page.evaluate(() => frames_().length), 1);
});

test("levels go on being told when the window that was asked for them is gone", async () => {
  await opened();
  await world.talk();
  await world.page.evaluate(() => {
    window.levels = 0;
    call.on("audiolevel", () => { levels += 1; });
  });
  await move();
  // The question stands open while its window goes.
  await world.page.evaluate(() => {
    window.asked = outcome(call.getStats());
    frames_().forEach((frame) => frame.remove());
  });
  const { text, seconds } = await world.page.evaluate(() => asked);
  assert.ok(["resolved", "call.wrong_state"].includes(text) && seconds < 2, `${text} after ${seconds} s`);
  await world.page.waitForFunction(() => log.filter(({ event }) => event === "reconnected").length === 2);
  const before = await world.page.evaluate(() => levels);
  await world.page.waitForFunction((before) => levels > before + 3, before);
});
