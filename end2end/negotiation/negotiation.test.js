// Random sequences of offers, answers, holds, forks and updates through both legs, the one that is called and the one that
// calls: what we say keeps to RFC 3264. A failure names its seed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomFrom } from "../noise/alive.js";
import { HOST } from "../sipp/sipp.js";
import { reserveTrunks } from "../sipp/trunks.js";
import { callsOf, isIdle } from "../support/calls.js";
import { startOperated } from "../support/operated.js";
import { startSpeaker } from "../support/speaker.js";
import { openWorkspace } from "../support/workspace.js";
import { CODECS, Onlooker, answerTo, isUsable, offerOf, parse } from "./descriptions.js";
import { openPeer } from "./peer.js";

/** Calls of each direction. */
const RUNS = Number(process.env.NEGOTIATION_RUNS ?? 25);
const FIRST_SEED = Number(process.env.NEGOTIATION_SEED ?? 3264);
/** Steps of a call after its answer, at most. */
const STEPS = 8;

let server, workspace, calls, trunk, peer, callback;

before(async () => {
  const { trunks, settings } = await reserveTrunks({ carrier: [{ codecs: CODECS }] });
  trunk = trunks.carrier;
  server = await startOperated(`${settings}\n[limits]\nkey_requests_per_second = 0\n`);
  workspace = await openWorkspace(server.url);
  calls = callsOf(workspace);
  callback = await startSpeaker(workspace);
  peer = await openPeer(server.sip, trunk.port);
});

after(async () => {
  peer?.close();
  callback?.close();
  if (server) {
    await isIdle(server);
    assert.doesNotMatch(await server.log(), /panic/i);
  }
  await server?.stop();
});

/** What happens in an established call. */
async function steps(random, dialog, onlooker, version) {
  for (let left = random.below(STEPS + 1); left > 0; left -= 1) {
    version += 1;
    const kind = random.below(5);
    if (kind === 0) {
      // We are asked for an offer.
      const { status, sdp } = await dialog.invite("", (ours) => {
        const answer = answerTo(random, HOST, version, ours);
        onlooker.offered(ours);
        onlooker.agreed(answer);
        return answer;
      });
      assert.equal(status, 200, sdp);
    } else if (kind === 1) {
      // A refresh says nothing of the session.
      const { status, sdp } = await dialog.ask("UPDATE", "");
      assert.deepEqual([status, sdp], [200, ""]);
    } else {
      const offer = offerOf(random, HOST, version, onlooker.lines);
      const { status, sdp } = kind === 2 ? await dialog.ask("UPDATE", offer) : await dialog.invite(offer);
      isAnswered(onlooker, offer, status, sdp);
    }
  }
}

function isAnswered(onlooker, offer, status, sdp) {
  if (parse(offer).media.some(isUsable)) {
    assert.equal(status, 200, `${offer}\n${sdp}`);
    onlooker.answered(offer, sdp);
  } else {
    assert.equal(status, 488, `${offer}\n${sdp}`);
  }
  return status === 200;
}

async function comesIn(random) {
  const onlooker = new Onlooker();
  const dialog = peer.calls(workspace.number);
  if (random.below(4) === 0) {
    const { status } = await dialog.invite("", (ours) => {
      const answer = answerTo(random, HOST, 1, ours);
      onlooker.offered(ours);
      onlooker.agreed(answer);
      return answer;
    });
    assert.equal(status, 200);
  } else {
    const offer = offerOf(random, HOST, 1);
    const { status, sdp } = await dialog.invite(offer);
    if (!isAnswered(onlooker, offer, status, sdp)) return;
  }
  await steps(random, dialog, onlooker, 1);
  await dialog.bye();
}

async function goesOut(random, at) {
  const number = `${trunk.number.slice(0, -3)}${String(at).padStart(3, "0")}`;
  const onlooker = new Onlooker();
  await calls.place(number, { actions: [{ say: { text: "Karibu.", loop: 0 } }] });
  const { offer, reply, acknowledged, dialog } = await peer.called(number);
  onlooker.offered(offer);
  // Forks: each has its tag and its own answer, and one of them, or another, takes the call.
  const tags = ["a", "b", "c"].slice(0, random.below(4));
  for (const tag of tags) reply("183 Session Progress", tag, answerTo(random, HOST, 1, offer));
  const tag = ["a", "b", "c", "d"][random.below(4)];
  const answer = answerTo(random, HOST, 1, offer);
  reply("200 OK", tag, answer);
  await acknowledged();
  onlooker.agreed(answer);
  const established = dialog(tag);
  await steps(random, established, onlooker, 1);
  await established.bye();
}

for (const [way, run] of [["come in", comesIn], ["go out", goesOut]]) {
  test(`calls that ${way}: any sequence of descriptions is answered as RFC 3264 asks`, async () => {
    for (let at = 0; at < RUNS; at += 1) {
      const seed = FIRST_SEED + at;
      await run(randomFrom(seed), at).catch((error) => {
        error.message = `NEGOTIATION_SEED=${seed} NEGOTIATION_RUNS=1: ${error.message}`;
        throw error;
      });
    }
  });
}
