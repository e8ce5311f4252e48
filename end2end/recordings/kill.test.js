import assert from "node:assert/strict";
import { test } from "node:test";
import { killInRecordings } from "./kill.js";

test("a recording that a kill cuts off is finished and offered, at most 200 ms short", async () => {
  const found = await killInRecordings(3);
  assert.equal(found.length, 3);
  for (const { missingMs, like } of found) {
    assert.ok(missingMs <= 200, JSON.stringify(found));
    assert.ok(like > 0.98, JSON.stringify(found));
  }
});
