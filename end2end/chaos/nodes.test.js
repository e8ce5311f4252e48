// Several nodes on one PostgreSQL, short: `nodes.js` runs them as long as one likes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../support/ports.js";
import { answers, startKamailio } from "./kamailio.js";
import { oneNodeKilled, rollingRestart } from "./nodes.js";

test("each of three nodes is drained and started again, and 0 of 200 calls are dropped", async () => {
  const { faults, figures } = await rollingRestart(200);
  assert.deepEqual(faults, []);
  assert.equal(figures.dropped, 0, JSON.stringify(figures));
  assert.equal(figures.connected, 200, JSON.stringify(figures));
});

test("one of three nodes that is killed under load ends its own calls only, each closed once and billed to its last audio", async () => {
  const { faults, figures } = await oneNodeKilled(60);
  assert.deepEqual(faults, []);
  assert.ok(figures.of_the_killed_node > 0 && figures.of_the_others > 0, JSON.stringify(figures));
});

test("the same behind Kamailio's dispatcher, which leads calls past nodes that drain or are dead", async () => {
  const drained = await rollingRestart(200, true);
  assert.deepEqual(drained.faults, []);
  assert.deepEqual([drained.figures.dropped, drained.figures.connected], [0, 200], JSON.stringify(drained.figures));
  const killed = await oneNodeKilled(45, true);
  assert.deepEqual(killed.faults, []);
  assert.ok(killed.figures.of_the_killed_node > 0 && killed.figures.of_the_others > 0, JSON.stringify(killed.figures));
});

test("Kamailio answers who is on its lists, and no stranger", async () => {
  const [port, node] = [await freePort(), await freePort()];
  const kamailio = await startKamailio(port, [node]);
  assert.equal(await answers(port, "127.0.0.2", 2_000), false);
  assert.equal(await answers(port), true);
  await kamailio.stop();
});
