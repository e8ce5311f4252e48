// Microphones and loudspeakers: chosen, unplugged, or not there at all.
import assert from "node:assert/strict";
import { sdkPages, test } from "./page.js";

const world = sdkPages();

const inputs = () => world.page.evaluate(async () => (await client.devices.list()).filter(({ kind }) => kind === "input"));
const liveLabels = () => world.page.evaluate(() => microphones.filter(({ readyState }) => readyState === "live").map(({ label }) => label));

test("devices are listed, and named once the page may use the microphone", async () => {
  await world.context.grantPermissions(["microphone"]);
  await world.open();
  const list = await inputs();
  assert.ok(list.length >= 2, JSON.stringify(list));
  assert.ok(list.every(({ id, label }) => id && label), JSON.stringify(list));
});

test("another microphone is heard in the call that is up, and in the next one", async () => {
  await world.context.grantPermissions(["microphone"]);
  world.answering();
  await world.connect();
  await world.talk();
  const [before] = await liveLabels();
  const other = (await inputs()).find(({ label, id }) => label !== before && id !== "default" && id !== "communications");
  await world.page.evaluate((id) => client.devices.setInput(id), other.id);
  assert.deepEqual(await liveLabels(), [other.label]);
  assert.equal(await world.page.evaluate(() => client.devices.input), other.id);
  await world.isHeard();
  await world.page.evaluate(() => call.hangup());
  await world.talk();
  assert.deepEqual(await liveLabels(), [other.label]);
});

test("a device that is not there is refused, and the one before stays", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  const texts = await world.page.evaluate(async () => [(await outcome(client.devices.setInput("nope"))).text, (await outcome(client.devices.setOutput("nope"))).text]);
  assert.deepEqual(texts, ["device.not_found", "device.not_found"]);
  assert.equal(await world.page.evaluate(() => client.devices.input), undefined);
  await world.isHeard();
});

/** What the browser tells when the device behind the live track is pulled out. */
const unplug = () => world.page.evaluate(() => {
  const track = microphones.find(({ readyState }) => readyState === "live");
  track.stop();
  track.dispatchEvent(new Event("ended"));
});

test("a microphone that is unplugged in a call gives way to the system's choice, and the page is told", async () => {
  world.answering();
  await world.connect();
  await world.page.evaluate(() => client.on("devicechange", (change) => log.push({ event: "devicechange", ...change })));
  await world.talk();
  await unplug();
  const change = await world.logged("devicechange");
  assert.deepEqual(change.lost, ["input"]);
  assert.ok(change.devices.length > 0);
  await world.isHeard();
  assert.equal(await world.page.evaluate(() => call.isListenOnly), false);
  assert.equal(await world.openTracks(), 1);
});

test("without another microphone the call goes on and only listens", async () => {
  world.answering();
  await world.connect();
  await world.talk();
  await world.page.evaluate(() => { window.beforeMicrophone = () => Promise.reject(new DOMException("none", "NotFoundError")); });
  await unplug();
  await world.page.waitForFunction(() => call.isListenOnly);
  await world.hears();
  // One is plugged in again.
  await world.page.evaluate(async () => {
    window.beforeMicrophone = undefined;
    await client.devices.setInput();
  });
  assert.equal(await world.page.evaluate(() => call.isListenOnly), false);
  await world.isHeard();
});

test("a page may do without a microphone, or without asking for one", async () => {
  world.answering();
  await world.connect();
  await world.page.evaluate(() => { window.beforeMicrophone = () => Promise.reject(new DOMException("none", "NotFoundError")); });
  assert.equal(await world.page.evaluate(async () => (await outcome(client.call("+254700000001"))).text), "microphone.not_found");
  await world.talk({ microphone: "optional" });
  assert.equal(await world.page.evaluate(() => call.isListenOnly), true);
  await world.hears();
  await world.page.evaluate(async () => {
    await call.hangup();
    window.beforeMicrophone = () => { throw new Error("nobody should be asked"); };
  });
  await world.talk({ microphone: "none" });
  await world.hears();
  assert.equal(await world.openTracks(), 0);
  // Refused is something else than missing.
  await world.page.evaluate(() => { window.beforeMicrophone = () => Promise.reject(new DOMException("no", "NotAllowedError")); });
  const text = await world.page.evaluate(async () => (await outcome(client.call("+254700000001", { microphone: "optional", others: "hangup" }))).text);
  assert.equal(text, "microphone.denied");
});
