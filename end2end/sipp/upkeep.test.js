// Trunks that we register with and ask whether they are there, a node that is emptied, and what the doctor says.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { canMount } from "../chaos/disk.js";
import { callsOf } from "../support/calls.js";
import { startServer } from "../support/server.js";
import { Workspace, eventually, openWorkspace } from "../support/workspace.js";
import { answers } from "./carriers.js";
import { receive, scenario } from "./scenario.js";
import { HOST, carrier, ownPort } from "./sipp.js";

const OPERATOR = "operator@example.com";

/** A registrar's answer to the REGISTER that came last. */
const registrar = (status, ...headers) => `<send><![CDATA[

SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:];tag=registrar
[last_Call-ID:]
[last_CSeq:]
${headers.map((line) => `${line}\n`).join("")}Content-Length: 0

]]></send>`;
const challenges = registrar("401 Unauthorized", 'WWW-Authenticate: Digest realm="carrier.example", nonce="f00dcafe", algorithm=MD5, qop="auth"');
const withCredentials = `<recv request="REGISTER"><action>
  <ereg regexp="Digest .*username=.account-7.*" search_in="hdr" header="Authorization:" check_it="true" assign_to="credentials"/>
  <ereg regexp="sip:account-7@[^;&gt;]*" search_in="hdr" header="Contact:" check_it="true" assign_to="contact"/>
  <log message="[$credentials] [$contact]"/>
</action></recv>`;

describe("upkeep of trunks", () => {
  let server, operator, registered, refused, asked, lost, answering;
  const trunk = (name, port, prefix, more) => `[[trunk]]\nname = "${name}"\naddress = "${HOST}:${port}"\nprefixes = ["${prefix}"]\n${more}\n`;
  const credentials = 'username = "account-7"\npassword = "of-the-carrier"\nregister = true';

  before(async () => {
    [registered, refused, lost, answering] = [ownPort(), ownPort(), ownPort(), ownPort()];
    asked = createSocket("udp4").bind(0, HOST);
    await once(asked, "listening");
    asked.on("message", (bytes, from) => {
      const request = bytes.toString();
      if (!request.startsWith("OPTIONS ")) return;
      const kept = request.split("\r\n").filter((line) => /^(via|from|to|call-id|cseq):/i.test(line)).map((line) => (/^to:/i.test(line) ? `${line};tag=x` : line));
      asked.send(["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n"), from.port, from.address);
    });
    const taken = await carrier(scenario(receive("REGISTER"), challenges, withCredentials, registrar("200 OK", "[last_Contact:];expires=600"),
      receive("REGISTER"), registrar("200 OK")), registered);
    await carrier(scenario(receive("REGISTER"), registrar("403 Forbidden")), refused);
    server = await startServer(`[sandbox]
enabled = true
${trunk("registers", registered, "+2547221", `${credentials}\ndomain = "carrier.example"`)}
${trunk("refuses", refused, "+2547222", credentials)}
${trunk("answers", asked.address().port, "+2547223", "options_every_seconds = 5")}
${trunk("silent", lost, "+2547224", "options_every_seconds = 5\npriority = 1")}
${trunk("second", answering, "+2547224", "priority = 2")}
`);
    server.taken = taken;
    operator = new Workspace(server.url);
    await operator.signIn(OPERATOR);
    await operator.post("/v1/auth/onboarding", { name: "Otieno", workspace_name: "Operators", country: "KE", currency: "KES" }, 201);
    assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
  });

  after(async () => {
    await server?.stop();
    asked?.close();
  });

  const shown = async (name) => (await operator.get("/v1/admin/trunks")).find((trunk) => trunk.name === name);

  test("we register by digest and say so", async () => {
    const { registration } = await eventually("the registration", async () => {
      const trunk = await shown("registers");
      return trunk.registration?.status === "registered" && trunk;
    });
    assert.ok(Date.parse(registration.expires_at) - Date.now() > 500_000);
  });

  test("a registration that is refused says by what, and when it is tried again", async () => {
    const { registration } = await eventually("the refusal", async () => {
      const trunk = await shown("refuses");
      return trunk.registration?.status === "failed" && trunk;
    });
    assert.equal(registration.sip_status, 403);
    assert.ok(Date.parse(registration.next_attempt_at) > Date.now());
  });

  test("a trunk that answers OPTIONS is there, and one that does not is tried last", async () => {
    await eventually("an answer", async () => (await shown("answers")).is_reachable === true);
    assert.equal((await shown("answers")).last_options.sip_status, 200);
    await eventually("silence", async () => (await shown("silent")).is_reachable === false, 90_000);
    assert.equal((await shown("silent")).last_options.sip_status, null);
    const calls = callsOf(await openWorkspace(server.url));
    const { done } = await carrier(answers, answering);
    const began = Date.now();
    const id = await calls.place("+254722400042");
    await calls.that(id, "answered");
    assert.ok(Date.now() - began < 4_000, "the silent one was asked first");
    await calls.hangUp(id);
    await done;
  });

  test("drain takes no new calls, waits for those that run, and our registration ends", async () => {
    const workspace = await openWorkspace(server.url, { email: "juma@example.com", number: "+254700000009" });
    const calls = callsOf(workspace);
    const { done } = await carrier(answers, answering);
    const id = await calls.place("+254722400042");
    await calls.that(id, "answered");
    const drained = server.command("drain", "--wait");
    await eventually("not ready", async () => (await fetch(`${server.url}/readyz`)).status === 503);
    await workspace.post("/v1/calls", { from: workspace.number, to: "+254722400043" }, 503);
    await calls.hangUp(id);
    await done;
    const { code, output } = await drained;
    assert.equal(code, 0);
    assert.deepEqual([output.trim().split("\n").at(0), output.trim().split("\n").at(-1)], ["1 calls run", "0 calls run"]);
    // Credentials and Contact of the registrar's scenario, which ends with the removal.
    assert.match(await server.taken.done, /account-7/);
  });
});

describe("a trunk whose name has several addresses", () => {
  let server, silent, there;

  after(async () => {
    await server?.stop();
    silent?.close();
    there?.close();
  });

  const skip = canMount() ? false : "needs root, to have names of its own";
  test("is registered with and found at the next where one is silent", { skip }, async () => {
    const port = ownPort();
    [silent, there] = [createSocket("udp4").bind(port, HOST), createSocket("udp4").bind(port, "127.0.0.2")];
    await Promise.all([once(silent, "listening"), once(there, "listening")]);
    there.on("message", (bytes, from) => {
      const kept = bytes.toString().split("\r\n").filter((line) => /^(via|from|to|call-id|cseq|contact):/i.test(line));
      const lines = kept.map((line) => (/^to:/i.test(line) ? `${line};tag=x` : /^contact:/i.test(line) ? `${line};expires=600` : line));
      there.send(["SIP/2.0 200 OK", ...lines, "Content-Length: 0", "", ""].join("\r\n"), from.port, from.address);
    });
    // Whichever comes first of what the system says of a name: of one of these it is the silent one.
    const folder = await mkdtemp(join(tmpdir(), "sautikit-hosts-"));
    const hosts = join(folder, "hosts");
    await writeFile(hosts, "127.0.0.1 localhost one.example two.example\n127.0.0.2 one.example\n127.0.0.2 three.example\n127.0.0.1 three.example\n");
    const own = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
    const of = (name) => `[[trunk]]\nname = "${name}"\naddress = "${name}.example:${port}"\nprefixes = ["+"]\nusername = "account-7"\npassword = "p"\nregister = true\noptions_every_seconds = 40\n`;
    server = await startServer(`[sandbox]\nenabled = true\n${["one", "two", "three"].map(of).join("")}`, own);
    await rm(folder, { recursive: true });
    const operator = new Workspace(server.url);
    await operator.signIn(OPERATOR);
    await operator.post("/v1/auth/onboarding", { name: "Otieno", workspace_name: "Operators", country: "KE", currency: "KES" }, 201);
    assert.equal((await server.command("operator", "grant", OPERATOR)).code, 0);
    const shown = async (name) => (await operator.get("/v1/admin/trunks")).find((trunk) => trunk.name === name);
    for (const name of ["one", "three"]) {
      await eventually(`the registration of ${name}`, async () => (await shown(name)).registration?.status === "registered", 90_000);
      await eventually(`the answer of ${name}`, async () => (await shown(name)).is_reachable === true, 90_000);
    }
    assert.notEqual((await shown("two")).registration?.status, "registered");
  });
});

describe("doctor", () => {
  test("it says what is well and what is not, in words and in JSON, beside the live server", async () => {
    const silent = ownPort();
    const server = await startServer(`[[trunk]]\nname = "silent"\naddress = "${HOST}:${silent}"\nprefixes = ["+"]\n`);
    try {
      const { code, output } = await server.command("doctor", "--json");
      const findings = JSON.parse(output);
      const of = (check) => findings.filter((finding) => finding.check === check);
      for (const check of ["database", "disk", "ports", "rtp", "mail", "storage"]) {
        assert.ok(of(check).some(({ verdict }) => verdict === "good"), `${check}: ${output}`);
      }
      assert.deepEqual(of("trunk").map(({ verdict }) => verdict), ["warning"]);
      assert.ok(findings.every(({ verdict, mend }) => (verdict === "good") === (mend === null)));
      assert.equal(code, findings.some(({ verdict }) => verdict === "failure") ? 1 : 0);
      assert.match((await server.command("doctor")).output, /^ok {4}database/m);
    } finally {
      await server.stop();
    }
  });
});
