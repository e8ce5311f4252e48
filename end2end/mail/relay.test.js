// Mail through a relay as people run one: STARTTLS with a certificate of their own authority, and a login.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { SMTPServer } from "smtp-server";
import { startServer } from "../support/server.js";
import { eventually } from "../support/workspace.js";

const run = promisify(execFile);

let folder, relay, server;
/** What the relay took, and what it says to the next mails before it takes one. */
const taken = [];
const refusals = [];

/** An authority, and a certificate of it for 127.0.0.1. */
async function certify() {
  const at = (name) => join(folder, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await writeFile(at("leaf.ext"), "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n");
  await run("openssl", ["req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=tests"]);
  await run("openssl", ["req", ...key, "-keyout", at("leaf.key"), "-out", at("leaf.csr"), "-subj", "/CN=relay"]);
  await run("openssl", ["x509", "-req", "-in", at("leaf.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial",
    "-days", "2", "-extfile", at("leaf.ext"), "-out", at("leaf.pem")]);
  return { key: await readFile(at("leaf.key")), cert: await readFile(at("leaf.pem")) };
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sautikit-relay-"));
  relay = new SMTPServer({
    ...await certify(),
    onAuth: ({ username, password }, session, done) =>
      username === "sautikit" && password === "p@ss" ? done(null, { user: username }) : done(new Error("no")),
    onData(stream, session, done) {
      stream.setEncoding("utf8").toArray().then((chunks) => {
        const refusal = refusals.shift();
        if (refusal) return done(Object.assign(new Error(refusal.words), { responseCode: refusal.code }));
        taken.push({ to: session.envelope.rcptTo.map(({ address }) => address), secure: session.secure, user: session.user, source: chunks.join("") });
        done();
      }, done);
    },
  });
  // Whoever does not trust the certificate hangs up; that is one of the tests.
  relay.on("error", () => {});
  await new Promise((resolve) => relay.listen(0, "127.0.0.1", resolve));
  server = await startServer(`mail.smtp_url = "smtp://sautikit:p%40ss@127.0.0.1:${relay.server.address().port}?tls=required"
mail.from = "Sautikit <hello@voice.example>"
mail.tls_ca_file = "${join(folder, "ca.pem")}"`);
});

after(async () => {
  await server?.stop();
  await new Promise((resolve) => relay.close(resolve));
  await rm(folder, { recursive: true });
});

const post = (path, body) => fetch(server.url + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const mailTo = (address) => eventually(`a mail to ${address}`, async () => taken.find(({ to }) => to.includes(address)));
/** Quoted-printable (RFC 2045 §6.7). */
const decoded = (source) => source.replaceAll("=\r\n", "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
const linkIn = ({ source }) => /token=([\w-]{43})/.exec(decoded(source))[1];

test("a sign-in link arrives encrypted and signed in, in text and HTML, and works", async () => {
  assert.equal((await post("/v1/auth/magic-link", { email: "asha@example.com" })).status, 202);
  const mail = await mailTo("asha@example.com");
  assert.equal(mail.secure, true);
  assert.equal(mail.user, "sautikit");
  for (const part of ["From: Sautikit <hello@voice.example>", "Content-Type: text/plain", "Content-Type: text/html"]) {
    assert.ok(mail.source.includes(part), mail.source);
  }
  const signedIn = await post("/v1/auth/magic-link/verify", { token: linkIn(mail) });
  assert.equal(signedIn.status, 200);
  assert.match(signedIn.headers.get("set-cookie"), /^sk_session=/);
});

test("a mail that the relay puts off arrives later, and the log names no address", async () => {
  refusals.push({ code: 451, words: "greylisted brian@example.com" });
  assert.equal((await post("/v1/auth/magic-link", { email: "brian@example.com" })).status, 202);
  assert.equal((await post("/v1/auth/magic-link/verify", { token: linkIn(await mailTo("brian@example.com")) })).status, 200);
  const log = await server.log();
  assert.ok(log.includes("put it off with 451"), log);
  assert.ok(!log.includes("brian@"), log);
});

test("a relay of an unknown authority is not trusted with a mail", async () => {
  const careful = await startServer(`mail.smtp_url = "smtp://sautikit:p%40ss@127.0.0.1:${relay.server.address().port}?tls=required"`);
  try {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ email: "carol@example.com" });
    assert.equal((await fetch(`${careful.url}/v1/auth/magic-link`, { method: "POST", headers, body })).status, 202);
    await eventually("a refusal", async () => (await careful.log()).includes("no TLS that can be trusted"));
    assert.ok(!taken.some(({ to }) => to.includes("carol@example.com")));
  } finally {
    await careful.stop();
  }
});
