// The code of the guide to signatures (docs/concepts/webhooks.md) as it stands there, run in each of its languages: it
// takes what is ours, and refuses a changed byte, a stale timestamp and a wrong secret. Rust's is compiled with the
// server's tests (server/tests/it/webhooks/guide.rs).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const GUIDE = fileURLToPath(new URL("../../docs/concepts/webhooks.md", import.meta.url));
const SECRET = "whsec_5f5f5f5f";
const BODY = '{"id":"evt_1","data":{"to":"é"}}';

const sign = (body, t, secret = SECRET) => `t=${t},v1=${createHmac("sha256", secret).update(`${body}.${t}`).digest("hex")}`;

/** What is asked: body, header, secret and whether it is to be taken. */
function cases() {
  const now = Math.floor(Date.now() / 1000);
  return [
    [BODY, sign(BODY, now), SECRET, true],
    [BODY, sign(BODY, now - 290), SECRET, true],
    [BODY.replace("evt_1", "evt_2"), sign(BODY, now), SECRET, false],
    [BODY, sign(BODY, now - 400), SECRET, false],
    [BODY, sign(BODY, now + 400), SECRET, false],
    [BODY, sign(BODY, now), "whsec_another", false],
    [BODY, `t=${now},v1=`, SECRET, false],
    [BODY, `t=${now}`, SECRET, false],
    [BODY, "", SECRET, false],
    [BODY, "nonsense", SECRET, false],
  ];
}

/** By language: the command, the file's name, and the file around the guide's code: it prints a line for each case. */
const LANGUAGES = {
  js: [["node"], "verify.js", (code) => `${code}
for (const [body, header, secret] of JSON.parse(require("fs").readFileSync(0)))
  console.log(verify(Buffer.from(body), header, secret));`],
  python: [["python3"], "verify.py", (code) => `${code}
import json, sys
for body, header, secret, _ in json.load(sys.stdin):
    print(str(verify(body.encode(), header, secret)).lower())`],
  go: [["go", "run"], "verify.go", (code) => `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

${code}
func main() {
	var cases [][]any
	json.NewDecoder(os.Stdin).Decode(&cases)
	for _, one := range cases {
		fmt.Println(verify([]byte(one[0].(string)), one[1].(string), one[2].(string)))
	}
}`],
  php: [["php"], "verify.php", (code) => `<?php
${code}
foreach (json_decode(file_get_contents("php://stdin"), true) as [$body, $header, $secret]) {
    echo verify($body, $header, $secret) ? "true" : "false", "\\n";
}`],
};

describe("the guide to signatures", () => {
  let folder, guide;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sautikit-verify-"));
    guide = await readFile(GUIDE, "utf8");
  });
  after(() => rm(folder, { recursive: true }));

  for (const [language, [command, name, around]] of Object.entries(LANGUAGES)) {
    test(`its ${language} takes what is ours and nothing else`, async () => {
      // `make test` installs them all: what is not run is not known to work.
      const asksVersion = spawnSync(command[0], [command[0] === "go" ? "version" : "--version"]);
      assert.equal(asksVersion.status, 0, `${command[0]} is not on this machine`);
      const code = guide.split(`\`\`\`${language}\n`).slice(1).map((rest) => rest.split("```")[0]).find((block) => /verify/.test(block));
      assert.ok(code, "the guide has code in this language");
      const file = join(folder, name);
      await writeFile(file, around(code));
      const asked = cases();
      const env = { ...process.env, GOCACHE: join(folder, "go"), GO111MODULE: "off" };
      const ran = spawnSync(command[0], [...command.slice(1), file], { input: JSON.stringify(asked), env });
      assert.equal(ran.status, 0, ran.stderr?.toString());
      assert.deepEqual(ran.stdout.toString().trim().split("\n"), asked.map(([, , , taken]) => String(taken)));
    });
  }
});
