// Recipes of the documentation that no SDK has, as they stand on their pages: the bridge of an Asterisk over ARI, with three
// events of a call and without Asterisk, and the check of a receipt.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startServer } from "../support/server.js";
import { Workspace, eventually, openWorkspace } from "../support/workspace.js";

const DOCS = new URL("../../docs/concepts/", import.meta.url);
const SECRET = "0123456789abcdef0123456789abcdef";
const CALLER = "+254722000042";

/** Stands in for the package that posts. */
const REQUESTS = `import urllib.error, urllib.request
class Answer:
    def __init__(self, status_code): self.status_code = status_code
def post(url, data, headers, timeout):
    request = urllib.request.Request(url, data=data, headers=headers, method="POST")
    try:
        return Answer(urllib.request.urlopen(request, timeout=timeout).status)
    except urllib.error.HTTPError as refusal:
        raise SystemExit(f"{refusal.code} {refusal.read().decode()}")
`;

/** Stands in for the package that listens: one connection with these events, and no further one. */
const websockets = (events) => `import json
EVENTS = json.loads(${JSON.stringify(JSON.stringify(events))})
async def socket():
    for event in EVENTS: yield json.dumps(event)
async def connect(url):
    yield socket()
`;

let server, folder;

/** The page's only block in that language. */
async function block(page, language) {
  const [, code] = new RegExp(`\`\`\`${language}\\n(.*?)\n\`\`\``, "s").exec(await readFile(new URL(page, DOCS), "utf8"));
  return code;
}

before(async () => {
  const source = (await block("external-pbx.md", "toml")).replace("32 characters or more", SECRET);
  [server, folder] = await Promise.all([startServer(source), mkdtemp(join(tmpdir(), "recipes-"))]);
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

test("the bridge of an Asterisk tells of a call that came, was answered and ended", async () => {
  const workspace = await openWorkspace(server.url);
  const { id } = await workspace.get("/v1/workspace");
  const channel = { id: "1764576000.17", name: "PJSIP/carrier-00000001", caller: { number: CALLER }, connected: { number: "" }, dialplan: { exten: workspace.number } };
  const events = [
    { type: "ChannelCreated", channel: { ...channel, state: "Ring" } },
    { type: "ChannelStateChange", channel: { ...channel, state: "Up" } },
    { type: "ChannelDestroyed", channel, cause: 16, cause_txt: "Normal Clearing" },
  ];
  const script = (await block("external-pbx.md", "python")).replace(
    'SAUTIKIT, SOURCE, SECRET, WORKSPACE = "https://voice.example", "asterisk-1", "…", "…"',
    `SAUTIKIT, SOURCE, SECRET, WORKSPACE = "${server.url}", "asterisk-1", "${SECRET}", "${id}"`,
  );
  assert.ok(script.includes(server.url), "the page's settings");
  await mkdir(join(folder, "stand-ins"));
  await writeFile(join(folder, "stand-ins/requests.py"), REQUESTS);
  await writeFile(join(folder, "stand-ins/websockets.py"), websockets(events));
  await writeFile(join(folder, "bridge.py"), script);
  await promisify(execFile)("python3", ["-B", "bridge.py"], { cwd: folder, env: { ...process.env, PYTHONPATH: join(folder, "stand-ins") } });
  const call = await eventually("the call", async () => (await workspace.get("/v1/calls")).find((one) => one.ended_at));
  assert.deepEqual([call.from, call.to, call.status, call.hangup_cause], [CALLER, workspace.number, "completed", "normal_clearing"]);
});

test("a receipt proves true by the code of its page, and a changed one does not", async () => {
  const person = new Workspace(server.url);
  await person.signIn("zawadi@example.co.ke");
  await person.post("/v1/auth/onboarding", { name: "Zawadi", workspace_name: "Zawadi", country: "KE", currency: "KES" }, 201);
  const receipt = await person.post("/v1/privacy/erasures", { number: CALLER }, 201);
  const code = (await block("privacy.md", "js")).replace(/^verify\(/m, "export const isGood = verify(");
  const proves = async (name, shown) => {
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, `const receipt = ${JSON.stringify(shown)};\n${code}\n`);
    return (await import(pathToFileURL(file))).isGood;
  };
  assert.equal(await proves("as-it-came", receipt), true);
  assert.equal(await proves("changed", { ...receipt, statement: { ...receipt.statement, forged: true } }), false);
});
