// A call in a browser whose network lets no UDP out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../support/workspace.js";
import { openCall } from "./moves.js";
import { openNetwork, whyNoNetwork } from "./network.js";

/** Two seconds of audio. */
const PACKETS = 100;

const skip = await whyNoNetwork();
let network, call;

before(async () => {
  if (skip) return;
  network = await openNetwork();
  call = await openCall(network, { onlyTcp: true });
});
after(async () => {
  await call?.close();
  await network?.close();
});

test("a call goes both ways where nothing passes but TCP", { skip, timeout: 120_000 }, async () => {
  // It has heard the announcement by now.
  const [{ id }] = await call.workspace.get("/v1/calls?limit=1");
  await eventually("its microphone's packets", async () => {
    const { data: [leg] } = await call.workspace.get(`/v1/calls/${id}/quality`);
    return leg?.packets_received > PACKETS && leg.loss_percent === 0;
  });
  const protocols = await call.page.evaluate(async () => {
    const stats = await window.call.getStats();
    const inUse = [...stats.values()].filter(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
    return inUse.map(({ localCandidateId, remoteCandidateId }) => [localCandidateId, remoteCandidateId].map((id) => stats.get(id).protocol));
  });
  assert.deepEqual(protocols, [["tcp", "tcp"]]);
  const record = await call.hangUp();
  assert.deepEqual([record.status, record.hangup_cause], ["completed", "normal_clearing"]);
});
