// Two hundred calls at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { openWorkspace } from "../support/workspace.js";
import { hangsUpAfter } from "./carriers.js";
import { carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const CALLS = 200;
/** Long enough for all of them to be up together. */
const TALK_MS = 3_000;

let server, trunks, asha, calls;

before(async () => {
  const reserved = await reserveTrunks({ busy: [{}] });
  trunks = reserved.trunks;
  server = await startOperated(reserved.settings);
  asha = await openWorkspace(server.url);
  calls = callsOf(asha);
});

after(() => server?.stop());

test(`${CALLS} calls are completed and paid, and nothing of them is left`, async () => {
  const before = await asha.balance();
  const { done } = await carrier(hangsUpAfter(TALK_MS), trunks.busy.port, { calls: CALLS });
  const ids = await Promise.all(Array.from({ length: CALLS }, () => calls.place(trunks.busy.number)));
  await done;
  const ended = await calls.allBilled(ids);
  for (const call of ended) assert.deepEqual([call.status, call.hangup_cause], ["completed", "normal_clearing"]);
  const cost = ended.reduce((sum, call) => sum + call.cost_minor, 0);
  assert.ok(cost > 0);
  assert.equal(await asha.balance(), before - cost);
  const { code, output } = await server.command("ledger", "verify");
  assert.equal(code, 0, output);
  await isIdle(server);
});
