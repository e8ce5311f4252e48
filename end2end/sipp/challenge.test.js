// A carrier that wants to know who calls.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { openWorkspace } from "../support/workspace.js";
import { challengesAndAnswers, challengesAndRefuses, refuses } from "./carriers.js";
import { proves } from "./digest.js";
import { carrier } from "./sipp.js";
import { reserveTrunks } from "./trunks.js";

const ACCOUNT = { username: "sautikit", password: "correct horse battery staple" };

const toNumber = (number) => new RegExp(`^sip:\\${number}@`);

describe("a carrier's challenge", { concurrency: true }, () => {
  let server, trunks, calls;

  before(async () => {
    const wrong = { ...ACCOUNT, password: "wrong" };
    const reserved = await reserveTrunks({ www: [ACCOUNT], proxy: [ACCOUNT], wrong: [wrong], none: [{}] });
    trunks = reserved.trunks;
    server = await startServer(reserved.settings);
    calls = callsOf(await openWorkspace(server.url));
  });

  after(() => server?.stop());

  for (const [name, ...challenge] of [
    ["www", "401 Unauthorized", "WWW-Authenticate", "Authorization"],
    ["proxy", "407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization"],
  ]) {
    test(`${challenge[0]} is answered with the trunk's password`, async () => {
      const trunk = trunks[name];
      const { done } = await carrier(challengesAndAnswers(...challenge), trunk.port);
      const id = await calls.place(trunk.number);
      await calls.that(id, "answered");
      await calls.hangUp(id);
      assert.ok(proves(await done, ACCOUNT, toNumber(trunk.number)));
      await calls.that(id, "completed");
    });
  }

  test("credentials that are refused end the call", async () => {
    const challenge = ["401 Unauthorized", "WWW-Authenticate", "Authorization"];
    const { done } = await carrier(challengesAndRefuses("403 Forbidden", ...challenge), trunks.wrong.port);
    const id = await calls.place(trunks.wrong.number);
    assert.ok(!proves(await done, ACCOUNT, toNumber(trunks.wrong.number)));
    assert.equal((await calls.that(id, "failed")).hangup_cause, "sip.403");
  });

  test("a challenge to a trunk without account ends the call", async () => {
    const headers = ['WWW-Authenticate: Digest realm="carrier.example", nonce="n", algorithm=MD5'];
    const { done } = await carrier(refuses("401 Unauthorized", headers), trunks.none.port);
    const id = await calls.place(trunks.none.number);
    await done;
    assert.equal((await calls.that(id, "failed")).hangup_cause, "sip.401");
  });
});
