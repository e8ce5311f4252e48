// Encrypted audio with a softphone of others: baresip by SDES.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";
import { startBaresip } from "./baresip.js";
import { registers } from "./devices.js";
import { caller } from "./sipp.js";

const NUMBER = "+254700000001";

describe("encrypted audio", () => {
  let server, asha, path;

  before(async () => {
    server = await startServer();
    ({ workspace: asha } = await signIn(server.url, { email: "asha@example.com", number: NUMBER }));
    const [number] = await asha.get("/v1/numbers");
    path = `/v1/numbers/${number.id}/sip-credentials`;
    // An address that is known for phones that know MD5 only, as baresip does.
    const known = await asha.post(path, { label: "Known" }, 201);
    await caller(registers(known.username, known.password), "0", server.sip, { address: "127.0.0.1" });
    await asha.remove(`${path}/${known.id}`);
  });

  after(() => server?.stop());

  const credential = (srtp) => asha.post(path, { label: "Reception", srtp }, 201);
  const registered = (username) => eventually("a registration", async () =>
    (await asha.get("/v1/sip/registrations")).some((device) => device.identity === username));
  const answered = () => eventually("an answered call", async () => (await asha.get("/v1/calls")).find((call) => call.status === "answered"));
  const methods = async (call) => {
    const { data } = await asha.get(`/v1/calls/${call.id}/quality`);
    return data.map((leg) => leg.media_security).sort();
  };

  test("baresip that wants SDES is called encrypted and hears the caller, and its keys are nowhere", async () => {
    const { id, username, password } = await credential("required");
    const phone = await startBaresip(server.sip, username, password, { account: "regint=60;mediaenc=srtp-mand", modules: ["srtp.so"] });
    try {
      await registered(username);
      await asha.post("/v1/sandbox/inbound", { to: NUMBER, from: "+254722000077" }, 202);
      const call = await answered();
      await eventually("the phone hears the caller", () => phone.hears());
      await eventually("both legs are noted", async () => (await methods(call)).length === 2);
      await asha.post(`/v1/calls/${call.id}/hangup`, {});
      assert.deepEqual(await methods(call), ["none", "sdes"]);
      const ladder = JSON.stringify(await asha.get(`/v1/calls/${call.id}/sip`));
      assert.match(ladder, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 \[removed\]/);
      assert.doesNotMatch(ladder, /inline:/);
    } finally {
      await phone.stop();
    }
    await asha.remove(`${path}/${id}`);
  });

  test("baresip without SRTP is not called where that is required", async () => {
    const { id, username, password } = await credential("required");
    const phone = await startBaresip(server.sip, username, password);
    try {
      await registered(username);
      await asha.post("/v1/sandbox/inbound", { to: NUMBER, from: "+254722000078" }, 202);
      const call = await eventually("a call", async () => (await asha.get("/v1/calls")).find((call) => call.from === "+254722000078"));
      const ended = await eventually("its end", async () => {
        const now = await asha.get(`/v1/calls/${call.id}`);
        return now.ended_at && now;
      });
      assert.notEqual(ended.status, "completed");
    } finally {
      await phone.stop();
    }
    await asha.remove(`${path}/${id}`);
  });
});
