// kill -9 in the middle of recordings: `node recordings/kill.js [KILLS]`, environment as for the tests.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../chaos/node.js";
import { answer, accept, receive, receiveInvite, scenario } from "../sipp/scenario.js";
import { HOST, carrier, ownPort } from "../sipp/sipp.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { channelsOf, likeness, speech, writePcap } from "./audio.js";

const NUMBER = "+254722100042";
const SECONDS = 20;
/** A kill meets the recording after at least and at most so long. */
const LIVES_MS = [1_500, 4_000];

const plays = (file) => `<nop><action><exec play_pcap_audio="${file}"/></action></nop>`;

/** Kills so often; of each recording how much of it is missing, in milliseconds, and how alike it is to what was said. */
export async function killInRecordings(kills) {
  const folder = await mkdtemp(join(tmpdir(), "sautikit-recordings-"));
  const [said, file] = [speech(33, SECONDS), join(folder, "callee.pcap")];
  await writePcap(file, said);
  const port = ownPort();
  const more = `[[trunk]]\nname = "callee"\naddress = "${HOST}:${port}"\nprefixes = ["+2547221"]\n`;
  const node = await startNode({ carrierPort: 9, more });
  const found = [];
  try {
    const workspace = await openWorkspace(node.url);
    for (let kill = 0; kill < kills; kill += 1) {
      const far = await carrier(scenario(
        receiveInvite(), answer("200 OK", { sdp: true }), receive("ACK"), plays(file), receive("BYE"), accept(),
      ), port);
      const placed = await workspace.post("/v1/calls", {
        from: workspace.number, to: NUMBER, record: "dual", actions: [{ pause: { length: SECONDS } }],
      }, 202);
      const begun = await eventually("a recording", async () => (await workspace.get(`/v1/recordings?call_id=${placed.call_id}`))[0]);
      await new Promise((resolve) => setTimeout(resolve, LIVES_MS[0] + Math.random() * (LIVES_MS[1] - LIVES_MS[0])));
      await node.kill();
      const lastedMs = node.kills.at(-1) - Date.parse(begun.started_at);
      await node.start();
      const ready = await eventually("the recording", async () => {
        const recording = await workspace.get(`/v1/recordings/${begun.id}`);
        return recording.status === "ready" && recording;
      });
      const response = await fetch(`${node.url}/v1/calls/${placed.call_id}/recording`, { headers: workspace.headers });
      const [left] = channelsOf(Buffer.from(await response.arrayBuffer()));
      const heard = said.subarray(0, Math.min(said.length, left.length));
      found.push({ missingMs: Math.round(lastedMs - ready.duration_ms), like: likeness(heard.subarray(0, heard.length - 4_000), left).like });
      // The next process ends the call that was cut off.
      await far.done;
    }
  } finally {
    await node.stop();
    await rm(folder, { recursive: true });
  }
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const found = await killInRecordings(Number(process.argv[2] ?? 50));
  const missing = found.map(({ missingMs }) => missingMs).sort((a, b) => a - b);
  console.log(`${found.length} kills: missing ${missing[0]} to ${missing.at(-1)} ms, likeness at least ${Math.min(...found.map(({ like }) => like)).toFixed(4)}`);
}
