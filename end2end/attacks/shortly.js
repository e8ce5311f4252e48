// Attacks for a few seconds: no call of others fails, and memory is bounded. How fast they are, `make bench` tells.
import assert from "node:assert/strict";
import { test } from "node:test";
import { underAttack } from "./scene.js";

/** A debug build on a machine that runs other tests as well. */
const SHORT = { seconds: 3, callsPerSecond: 4, datagramsPerSecond: 1_500, connections: 300 };
/** What it may hold at most; without an attack a debug build holds half of it. */
const MEMORY_MB = 150;

/** A test for each; a file has a few, because a run of the tests gives a file four minutes. */
export function shortly(names) {
  for (const name of names) {
    test(`${name}: no call fails`, async () => {
      const seen = await underAttack(name, SHORT);
      assert.deepEqual(seen.failures, []);
      const wanted = (SHORT.seconds * SHORT.callsPerSecond) / 2;
      assert.ok(seen.trunk.length >= wanted && seen.api.length >= wanted, `${seen.trunk.length} and ${seen.api.length} calls`);
      assert.ok(seen.memoryMb < MEMORY_MB, `${seen.memoryMb} MB`);
    });
  }
}
