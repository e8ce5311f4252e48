// A call that a customer's FastAPI server steers: form parameters by `From`, `from` and `Digits`, an answer in JSON and one in
// XML, and a page that is asked by GET. SIPp is the carrier.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { presses } from "../sipp/callers.js";
import { CALLER } from "../sipp/scenario.js";
import { HOST, caller } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { eventually, openWorkspace } from "../support/workspace.js";

const PYTHON = join(homedir(), ".cache/sautikit/fastapi/bin/python");
const FOLDER = new URL("fastapi", import.meta.url).pathname;
const SECRET = "a-secret-that-the-customer-chose";

let server, workspace, handler, url;

/** Starts the handler; its URL is what uvicorn says. */
async function startHandler() {
  handler = spawn(PYTHON, ["-B", "-m", "uvicorn", "--app-dir", FOLDER, "--port", "0", "--no-access-log", "handler:app"], {
    env: { ...process.env, SECRET }, stdio: ["ignore", "inherit", "pipe"],
  });
  for await (const line of createInterface(handler.stderr)) {
    const running = /Uvicorn running on (http:\S+)/.exec(line);
    if (running) {
      // Nothing reads on, and a full pipe would hold it up.
      handler.stderr.resume();
      return running[1];
    }
  }
  throw new Error("uvicorn did not start");
}

before(async () => {
  url = await startHandler();
  const { settings } = await reserveTrunks({ carrier: [{ sources: [`${HOST}/32`] }] });
  server = await startOperated(settings);
  workspace = await openWorkspace(server.url);
  await workspace.route({ voice_callback_url: `${url}/voice`, voice_signing_secret: SECRET });
});

after(async () => {
  if (server) await isIdle(server);
  if (handler?.kill()) await once(handler, "exit");
  await server?.stop();
});

test("a FastAPI handler reads its parameters by name, from forms and from a query", async () => {
  await caller(presses(1, 2, 3), workspace.number, server.sip);
  const asked = await eventually("the final callback", async () => {
    const all = await (await fetch(`${url}/asked`)).json();
    return all.at(-1)?.IsFinal && all;
  });
  assert.deepEqual(asked.map(({ path }) => path), ["/voice", "/pressed", "/goodbye", "/voice"]);
  const [begins, pressed, goodbye, ends] = asked;
  assert.deepEqual([begins.From, begins.from, begins.To, begins.CallStatus], [CALLER, CALLER, workspace.number, "ringing"]);
  assert.equal(pressed.Digits, "123");
  assert.deepEqual([goodbye.From, goodbye.CallSid, goodbye.step], [CALLER, pressed.CallSid, 2]);
  assert.equal(ends.CallStatus, "completed");
  const call = await workspace.newestBilled();
  assert.deepEqual([call.pbx_call_id, call.hangup_cause], [pressed.CallSid, "normal_clearing"]);
});
