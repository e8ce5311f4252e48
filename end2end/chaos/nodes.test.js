// Several nodes on one PostgreSQL, short: `nodes.js` runs them as long as one likes.
import assert from "node:assert/strict";
import { test } from "node:test";
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
