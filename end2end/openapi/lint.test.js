// The description under the rules that others hold OpenAPI documents to: what a reader, a generator of clients or a gateway
// would stumble over.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { binary } from "../support/server.js";
import { rules } from "./rules.js";

/** Of `sautikit openapi`; the default of Node is one megabyte. */
const LARGEST_OUTPUT = 8 * 1024 * 1024;

test("the description breaks no rule", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sautikit-lint-"));
  try {
    const source = execFileSync(binary, ["openapi"], { cwd: folder, encoding: "utf8", maxBuffer: LARGEST_OUTPUT });
    const config = await createConfig({ extends: ["recommended-strict"], rules });
    const problems = await lintFromString({ source, absoluteRef: join(folder, "openapi.json"), config });
    const told = problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
    assert.deepEqual(told, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
