// What a SIP server checks that has asked who calls (RFC 2617).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CHALLENGE } from "./carriers.js";

const md5 = (text) => createHash("md5").update(text).digest("hex");

/** Whether credentials prove the account for the INVITE of a URI that `uri` matches (§3.2.2). */
export function proves(credentials, { username, password }, uri) {
  const fields = Object.fromEntries([...credentials.matchAll(/(\w+)="?([^",\s]*)"?/g)].map(([, name, value]) => [name, value]));
  const { realm, nonce } = CHALLENGE;
  assert.deepEqual([fields.username, fields.realm, fields.nonce, fields.qop], [username, realm, nonce, "auth"]);
  assert.match(fields.uri, uri);
  const secrets = `${md5(`${username}:${realm}:${password}`)}:${nonce}:${fields.nc}:${fields.cnonce}:auth`;
  return fields.response === md5(`${secrets}:${md5(`INVITE:${fields.uri}`)}`);
}
