// Google, as far as a sign-in sees of it: discovery, keys, a page where the person agrees, and the exchange of the code for an
// RS256 id token. It is strict where Google is and where we are safe only because of it: state, nonce, PKCE, one use per code.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const CLIENT = { client_id: "end2end", client_secret: "end2end-secret" };
const KEY_ID = "end2end-key";
/** RFC 7636 §4.1, §4.2: what S256 makes of a verifier, and a verifier. */
const CHALLENGE = /^[\w-]{43}$/;
const VERIFIER = /^[\w.~-]{43,128}$/;
/** Nothing shorter is hard to guess. */
const UNGUESSABLE = /^[\w-]{32,}$/;

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Starts the provider; `settings` configures a server to use it. */
export async function startGoogle() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const google = { person: null, problems: [], exchanged: 0 };
  const grants = new Map();
  const seen = new Set();

  const fresh = (value) => {
    assert.match(value, UNGUESSABLE);
    assert.ok(!seen.has(value), "used before");
    seen.add(value);
  };

  /** The page where the person agrees: one link back, as Google's button. */
  function authorize(query) {
    const asked = Object.fromEntries(query);
    assert.equal(asked.response_type, "code");
    assert.equal(asked.client_id, CLIENT.client_id);
    assert.equal(asked.code_challenge_method, "S256");
    assert.match(asked.code_challenge, CHALLENGE);
    assert.deepEqual(asked.scope.split(" ").sort(), ["email", "openid", "profile"]);
    [asked.state, asked.nonce, asked.code_challenge].forEach(fresh);
    const code = randomUUID();
    grants.set(code, { ...asked, person: google.person });
    const back = new URL(asked.redirect_uri);
    back.search = new URLSearchParams({ state: asked.state, code, scope: asked.scope });
    return `<!DOCTYPE html><html lang="en"><title>Fake Google</title><a href="${back.href.replaceAll("&", "&amp;")}">Continue as ${google.person.email}</a>`;
  }

  /** The exchange; a code works once, for who has the verifier. */
  function token(form) {
    const grant = grants.get(form.get("code"));
    grants.delete(form.get("code"));
    assert.ok(grant, "an unknown code");
    assert.equal(form.get("grant_type"), "authorization_code");
    assert.equal(form.get("client_id"), CLIENT.client_id);
    assert.equal(form.get("client_secret"), CLIENT.client_secret);
    assert.equal(form.get("redirect_uri"), grant.redirect_uri);
    assert.match(form.get("code_verifier"), VERIFIER);
    assert.equal(createHash("sha256").update(form.get("code_verifier")).digest("base64url"), grant.code_challenge);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: google.issuer, aud: CLIENT.client_id, iat: now, exp: now + 3600, nonce: grant.nonce, email_verified: true, ...grant.person };
    const signed = `${base64url({ alg: "RS256", typ: "JWT", kid: KEY_ID })}.${base64url(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), privateKey).toString("base64url");
    google.exchanged += 1;
    return { access_token: "ya29.end2end", token_type: "Bearer", expires_in: 3599, id_token: `${signed}.${signature}` };
  }

  const http = createServer(async (request, response) => {
    const url = new URL(request.url, google.issuer);
    const body = Buffer.concat(await request.toArray()).toString();
    const answer = (status, content) => {
      const isPage = typeof content === "string";
      response.writeHead(status, { "content-type": isPage ? "text/html" : "application/json" }).end(isPage ? content : JSON.stringify(content));
    };
    try {
      switch (url.pathname) {
        case "/.well-known/openid-configuration":
          return answer(200, {
            issuer: google.issuer, authorization_endpoint: `${google.issuer}/authorize`, token_endpoint: `${google.issuer}/token`,
            jwks_uri: `${google.issuer}/keys`, response_types_supported: ["code"], subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
          });
        case "/keys":
          return answer(200, { keys: [{ ...publicKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: KEY_ID }] });
        case "/authorize":
          return answer(200, authorize(url.searchParams));
        case "/token":
          return answer(200, token(new URLSearchParams(body)));
        default:
          return answer(404, {});
      }
    } catch (problem) {
      google.problems.push(problem.message);
      answer(400, { error: "invalid_grant" });
    }
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  google.issuer = `http://127.0.0.1:${http.address().port}`;
  google.settings = `[google]
client_id = "${CLIENT.client_id}"
client_secret = "${CLIENT.client_secret}"
issuer = "${google.issuer}"
`;
  google.stop = () => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  };
  return google;
}
