// Hold and transfer as phones do them: re-INVITE with sendonly, inactive and an address of zeros, and REFER.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually } from "../support/workspace.js";
import { holds, refers, registers } from "./devices.js";
import { caller } from "./sipp.js";

const NUMBER = "+254700000001";

describe("hold and transfer", () => {
  let server, asha, of;

  before(async () => {
    server = await startServer();
    ({ workspace: asha } = await signIn(server.url, { email: "asha@example.com", number: NUMBER }));
    of = callsOf(asha);
    // By then the gateway knows that a phone at this address takes MD5 alone.
    const { username, password } = await device();
    await caller(registers(username, password), "0", server.sip);
  });

  after(() => server?.stop());

  const device = async () => {
    const [number] = await asha.get("/v1/numbers");
    return asha.post(`/v1/numbers/${number.id}/sip-credentials`, { label: "Reception" }, 201);
  };
  /** SIPp would name the server alone in what it hashes. */
  const run = (scenario, number) => caller(scenario, number, server.sip, { more: ["-auth_uri", `${number}@${server.sip}`] });
  const kinds = async (id) => (await of.events(id)).map((event) => event.kind);
  const newest = async () => (await asha.get("/v1/calls"))[0];

  for (const [name, hold] of Object.entries({ sendonly: { direction: "sendonly" }, inactive: { direction: "inactive" }, "0.0.0.0": { address: "0.0.0.0" } })) {
    test(`a phone that holds by ${name} is answered, and is back with the next offer`, async () => {
      const { username, password } = await device();
      const logged = await run(holds(username, password, hold), "0722000042");
      const { id } = await newest();
      await of.that(id, "completed");
      const told = await kinds(id);
      assert.ok(told.indexOf("leg.held") > 0 && told.indexOf("leg.resumed") > told.indexOf("leg.held"), told.join());
      // RFC 3264 §6.1 and §8.4: who sends only, or can't be sent anything, is answered recvonly; then both ways again.
      const answered = hold.direction === "inactive" ? "inactive" : "recvonly";
      assert.match(logged, new RegExp(`held a=${answered}`));
      assert.match(logged, /back a=sendrecv/);
    });
  }

  test("a phone hands its call over by REFER, is told of it, and the two that are left talk on", async () => {
    const { username, password } = await device();
    const logged = await run(refers(username, password, "+254722000043"), "0722000042");
    assert.match(logged, /told SIP\/2.0 100[^]*told SIP\/2.0 200/);
    const { id } = await newest();
    const call = await of.that(id, "answered");
    assert.equal(call.legs.length, 3);
    await eventually("the transfer on the timeline", async () => (await kinds(id)).includes("leg.transferred"));
    assert.ok((await kinds(id)).includes("transfer.started"));
    await of.hangUp(id);
    const billed = await of.billed(id);
    assert.ok(billed.legs.filter((leg) => leg.kind === "telephone").every((leg) => leg.cost_minor > 0));
  });

  test("a phone whose transfer meets a busy target has whom it had", async () => {
    const { username, password } = await device();
    assert.match(await run(refers(username, password, "+254722009901", 486), "0722000042"), /told SIP\/2.0 486/);
    const { id } = await newest();
    await of.that(id, "completed");
    await eventually("the failure on the timeline", async () => (await kinds(id)).includes("transfer.failed"));
  });
});
