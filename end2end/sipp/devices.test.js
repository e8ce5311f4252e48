// Phones with a SIP credential: SIPp and baresip, both of which know MD5 only.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";
import { startBaresip } from "./baresip.js";
import { calls, registers } from "./devices.js";
import { caller } from "./sipp.js";

const NUMBER = "+254700000001";

describe("devices", () => {
  let server, asha, path;

  before(async () => {
    server = await startServer();
    ({ workspace: asha } = await signIn(server.url, { email: "asha@example.com", number: NUMBER }));
    const [number] = await asha.get("/v1/numbers");
    path = `/v1/numbers/${number.id}/sip-credentials`;
  });

  after(() => server?.stop());

  const credential = () => asha.post(path, { label: "Reception" }, 201);
  const registered = () => asha.get("/v1/sip/registrations");
  const answered = (what) => eventually(what, async () => (await asha.get("/v1/calls")).find((call) => call.status === "answered"));

  test("SIPp registers, calls, and is hung up on", async () => {
    const { id, username, password } = await credential();
    await caller(registers(username, password), "0", server.sip);
    const [shown] = await registered();
    assert.deepEqual([shown.identity, shown.user_agent, shown.transport], [username, "SIPp", "udp"]);
    // SIPp would name the server alone in what it hashes.
    const hashed = ["-auth_uri", `0722000042@${server.sip}`];
    const done = caller(calls(username, password), "0722000042", server.sip, { more: hashed });
    const call = await answered("a call");
    assert.deepEqual([call.from, call.to, call.direction], [NUMBER, "+254722000042", "outbound"]);
    await asha.post(`/v1/calls/${call.id}/hangup`, {});
    await done;
    await asha.remove(`${path}/${id}`);
    assert.deepEqual(await registered(), []);
  });

  test("baresip's line of the guide to phones registers as it stands there", async () => {
    const known = await credential();
    await caller(registers(known.username, known.password), "0", server.sip, { address: "127.0.0.1" });
    await asha.remove(`${path}/${known.id}`);
    const { id, username, password } = await credential();
    const guide = await readFile(new URL("../../docs/guides/connect-sip-phones.md", import.meta.url), "utf8");
    const [, line] = /```text\n(<sip:.*)\n```/.exec(guide);
    const written = line.replaceAll("ts_0c4a9f3e", username).replaceAll("PASSWORD", password).replaceAll("voice.example", server.sip);
    const phone = await startBaresip(server.sip, username, password, { written });
    try {
      await eventually("a registration", async () => (await registered()).find((device) => device.identity === username));
    } finally {
      await phone.stop();
      await asha.remove(`${path}/${id}`);
    }
  });

  test("baresip registers by itself, rings and talks, and is off when its credential is revoked", async () => {
    // Left to itself it would ask again after half a minute; at an address that is known for old phones it need not.
    const known = await credential();
    await caller(registers(known.username, known.password), "0", server.sip, { address: "127.0.0.1" });
    await asha.remove(`${path}/${known.id}`);
    const { id, username, password } = await credential();
    const phone = await startBaresip(server.sip, username, password);
    try {
      const [shown] = await eventually("a registration", async () => {
        const own = (await registered()).filter((device) => device.identity === username);
        return own.length > 0 && own;
      });
      assert.match(shown.user_agent, /^baresip/);
      await asha.post("/v1/sandbox/inbound", { to: NUMBER, from: "+254722000077" }, 202);
      const call = await answered("the phone answers");
      assert.equal(call.direction, "inbound");
      await eventually("the phone hears the caller", () => phone.hears());
      await asha.post(`/v1/calls/${call.id}/hangup`, {});
      await asha.remove(`${path}/${id}`);
      assert.ok((await registered()).every((device) => device.identity !== username));
    } finally {
      await phone.stop();
    }
  });
});
