// JsSIP 3.13, an independent SIP stack: by token in both of the forms that it knows, and by tokens that are no good.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { eventually } from "../support/workspace.js";
import { claimsOf } from "./claims.js";

const BEARER = "by bearer token";
/** The shortest life that a token can have. */
const SHORTEST_SECONDS = 30;

let old;
const world = claimsOf("jssip", {
  transcoded: BEARER,
  relayed: "by digest",
  // At the beginning, so that it is old when the other tests are through.
  begin: async ({ workspace }) => { old = await workspace.token({ ttl_seconds: SHORTEST_SECONDS }); },
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The token with other contents: by default under its old signature. */
function changed(token, { header = {}, claims = {}, sign }) {
  const [first, second, signature] = token.split(".");
  const read = (text) => JSON.parse(Buffer.from(text, "base64url"));
  const contents = `${part({ ...read(first), ...header })}.${part({ ...read(second), ...claims })}`;
  return `${contents}.${sign ? sign(contents) : signature}`;
}

const refusals = {
  "signed by somebody else": (token) => changed(token, { sign: (contents) => createHmac("sha256", "guess").update(contents).digest("base64url") }),
  "without a signature (alg none)": (token) => changed(token, { header: { alg: "none" }, sign: () => "" }),
  "for another audience": (token) => changed(token, { claims: { aud: "api" } }),
  "for another workspace": (token) => changed(token, { claims: { ws: "0190aaaa-0000-7000-8000-000000000001" } }),
  "made to last longer": (token) => changed(token, { claims: { exp: 4_000_000_000 } }),
};

for (const [what, forge] of Object.entries(refusals)) {
  test(`a token ${what} registers nothing`, async () => {
    const account = await world.workspace.token();
    await assert.rejects(world.open({ how: BEARER }, { ...account, token: forge(account.token) }), /401/);
  });
}

test("an expired token registers nothing, by bearer and by digest", async () => {
  await eventually("the token's end", () => Date.now() > Date.parse(old.expires_at));
  await assert.rejects(world.open({ how: BEARER }, old), /401/);
  await assert.rejects(world.open({ how: "by digest" }, old), /401/);
});

test("where nobody could register, nobody is rung", async () => {
  const caller = "+254733000001";
  await world.workspace.callUs(caller);
  const call = await world.workspace.newestBilled(({ from }) => from === caller);
  assert.deepEqual([call.direction, call.status, call.cost_minor], ["inbound", "no_answer", 0]);
});
