// What the page is told of a call's quality, and what preflight() says before there is one.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();

test("a good call is told as good every five seconds, and warns of nothing", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  await world.page.waitForFunction(() => log.filter(({ event }) => event === "quality").length >= 2, undefined, { timeout: 20_000 });
  const told = await world.page.evaluate(() => log.filter(({ event }) => event === "quality" || event === "warning"));
  for (const { event, mos, rttMs, jitterMs, lossPercent, sentLossPercent } of told) {
    assert.equal(event, "quality");
    assert.ok(mos > 4 && mos <= 4.5, `${mos}`);
    assert.ok(rttMs >= 0 && rttMs < 100 && jitterMs >= 0 && jitterMs < 30, `${rttMs} ${jitterMs}`);
    assert.deepEqual([lossPercent, sentLossPercent], [0, 0]);
  }
});

test("levels are told while somebody listens, and only then", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  const levels = await world.page.evaluate(async () => {
    const levels = [];
    const off = call.on("audiolevel", (level) => levels.push(level));
    while (!levels.some(({ input }) => input > 0.01) || !levels.some(({ output }) => output > 0.01)) await new Promise((resolve) => setTimeout(resolve, 50));
    off();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const count = levels.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return { levels, more: levels.length - count };
  });
  assert.ok(levels.levels.every(({ input, output }) => input >= 0 && input <= 1 && output >= 0 && output <= 1));
  assert.equal(levels.more, 0);
});

test("a microphone that says nothing is warned of, and the warning is taken back", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  // Silenced at the device: the page has not muted the call.
  await world.page.evaluate(() => microphones.forEach((track) => { track.enabled = false; }));
  const warning = await world.logged("warning");
  assert.equal(warning.name, "silence");
  await world.page.evaluate(() => microphones.forEach((track) => { track.enabled = true; }));
  assert.equal((await world.logged("warning-cleared")).name, "silence");
});

test("nothing that arrives is warned of as one-way audio", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => far.getSenders().forEach((sender) => sender.replaceTrack(null)));
  await world.page.waitForFunction(() => log.some(({ event, name }) => event === "warning" && name === "one-way-audio"), undefined, { timeout: 40_000 });
});

test("preflight says of a page that all is well", async () => {
  world.answering();
  await world.open();
  const report = await world.page.evaluate(() => client.preflight());
  assert.equal(report.ok, true, report.text);
  assert.deepEqual(report.findings.map(({ check }) => check), ["page", "microphone", "gateway", "network", "audio path", "quality"]);
  assert.ok(report.mos > 4 && report.rttMs >= 0 && report.microphone.level > 0, report.text);
  assert.match(report.text, /^Sautikit preflight: passed\nok {3}page: /);
  // It leaves the page as it was.
  assert.equal(await world.page.evaluate(() => client.state), "disconnected");
  assert.equal(await world.openTracks(), 0);
});

test("preflight measures a call when it is given a destination", async () => {
  world.answering();
  await world.connect();
  const report = await world.page.evaluate(() => client.preflight({ destination: "+254700000001" }));
  assert.equal(report.ok, true, report.text);
  assert.equal(report.quality.mos, report.mos);
  assert.deepEqual(await world.page.evaluate(() => [client.state, client.calls.length]), ["registered", 0]);
});

test("preflight says in one sentence each what is wrong", async () => {
  await world.open();
  await world.page.evaluate(() => { window.beforeMicrophone = () => Promise.reject(new DOMException("no", "NotAllowedError")); });
  world.gateway.tokenStatus = 403;
  const report = await world.page.evaluate(() => client.preflight());
  assert.equal(report.ok, false);
  const wrong = report.findings.filter(({ ok }) => !ok);
  assert.deepEqual(wrong.map(({ check }) => check), ["microphone", "gateway"]);
  assert.match(wrong[0].text, /^The microphone may not be used/);
  assert.match(wrong[1].text, /HTTP status 403/);
});
