// SIP over TCP and TLS: phones and carriers, foreign certificates, streams cut to bytes, and connections that close.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as https } from "node:https";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { callsOf } from "../support/calls.js";
import { startAuthority } from "../support/certificates.js";
import { startServer } from "../support/server.js";
import { signIn } from "../support/signed_in.js";
import { eventually, openWorkspace } from "../support/workspace.js";
import { startBaresip } from "./baresip.js";
import { answers } from "./carriers.js";
import { calls as callsAs, registers } from "./devices.js";
import { HOST, caller, carrier, ownPort } from "./sipp.js";
import { answerTo, header, invite, messagesOf, splitter, streamCarrier } from "./streams.js";

const NUMBER = "+254700000001";
const OVER_TCP = ["-t", "t1"];
/** Files are looked at every ten seconds. */
const SEEN_WITHIN_MS = 25_000;

describe("transports", () => {
  let authority, own, server, asha, calls, trunks, path;

  before(async () => {
    authority = await startAuthority();
    own = await authority.issue("voice", "DNS:voice.example", "IP:127.0.0.1");
    const phone = await authority.issue("phone", `IP:${HOST}`);
    const stream = await streamCarrier(HOST);
    trunks = {
      tcp: { port: ownPort(), number: "+254722100042" },
      large: { port: ownPort(), number: "+254722200042" },
      largeOverUdp: { port: ownPort(), number: "+254722300042" },
      stream: { ...stream, number: "+254722400042" },
      tls: { port: ownPort(), number: "+254722500042", phone },
    };
    const long = Array.from({ length: 4 }, (_, at) => `${"a".repeat(55)}${at}`).join(".");
    const trunk = (name, port, prefix, more) =>
      `[[trunk]]\nname = "${name}"\naddress = "${HOST}:${port}"\nprefixes = ["${prefix}"]\n${more}\n`;
    server = await startServer(`
sip.tls_listen = "127.0.0.1:0"
[tls]
certificate_files = ["${own.certificate}"]
key_files = ["${own.key}"]
ca_file = "${authority.file}"
[sandbox]
enabled = true
${trunk("tcp", trunks.tcp.port, "+2547221", 'transport = "tcp"\nnumber_format = "e164_plain"\nidentity = "pai"')}
${trunk("large", trunks.large.port, "+2547222", `domain = "${long}"\nidentity = "pai"`)}
${trunk("large-udp", trunks.largeOverUdp.port, "+2547223", `domain = "${long}"\nidentity = "pai"`)}
${trunk("stream", stream.port, "+2547224", 'transport = "tcp"')}
${trunk("tls", trunks.tls.port, "+2547225", 'transport = "tls"\nnumber_format = "e164_plain"')}
${trunk("by-certificate", ownPort(), "+2547226", 'certificate_name = "sbc.carrier.example"').replace(HOST, "192.0.2.77")}
`);
    ({ workspace: asha } = await signIn(server.url, { email: "asha@example.com", number: NUMBER }));
    calls = callsOf(await openWorkspace(server.url, { number: "+254700000002" }));
    const [number] = await asha.get("/v1/numbers");
    path = `/v1/numbers/${number.id}/sip-credentials`;
  });

  after(async () => {
    await server?.stop();
    trunks?.stream.close();
    await authority?.remove();
  });

  const credential = () => asha.post(path, { label: "Reception" }, 201);
  const registered = async (username) => {
    const own = await eventually("a registration", async () => {
      const all = (await asha.get("/v1/sip/registrations")).filter((device) => device.identity === username);
      return all.length > 0 && all;
    });
    return own[0];
  };
  const answered = (what) =>
    eventually(what, async () => (await asha.get("/v1/calls")).find((call) => call.status === "answered"));

  // Where no trunk is: what comes from a trunk's address is the trunk's.
  const address = "127.0.0.1";

  test("SIPp registers, calls, and is hung up on over TCP", async () => {
    const { id, username, password } = await credential();
    await caller(registers(username, password), "0", server.sip, { address, more: OVER_TCP });
    const hashed = ["-auth_uri", `0722900042@${server.sip}`];
    const done = caller(callsAs(username, password), "0722900042", server.sip, { address, more: [...OVER_TCP, ...hashed] });
    const call = await answered("a call");
    assert.deepEqual([call.from, call.to], [NUMBER, "+254722900042"]);
    await asha.post(`/v1/calls/${call.id}/hangup`, {});
    await done;
    await asha.remove(`${path}/${id}`);
  });

  test("SIPp registers with every byte in a segment of its own", async () => {
    const { id, username, password } = await credential();
    const way = await splitter(server.sip);
    await caller(registers(username, password), "0", way.address, { address, more: OVER_TCP });
    way.close();
    await asha.remove(`${path}/${id}`);
  });

  for (const transport of ["tcp", "tls"]) {
    test(`baresip registers by itself, rings and talks over ${transport}, and is gone with its connection`, async () => {
      const known = await credential();
      await caller(registers(known.username, known.password), "0", server.sip, { address: "127.0.0.1" });
      await asha.remove(`${path}/${known.id}`);
      const { id, username, password } = await credential();
      const settings = [`sip_cafile ${authority.file}`];
      const phone = await startBaresip(transport === "tls" ? server.tls : server.sip, username, password, { transport, settings });
      try {
        assert.equal((await registered(username)).transport, transport);
        await asha.post("/v1/sandbox/inbound", { to: NUMBER, from: "+254722000077" }, 202);
        const call = await answered("the phone answers");
        await eventually("the phone hears the caller", () => phone.hears());
        await asha.post(`/v1/calls/${call.id}/hangup`, {});
      } finally {
        await phone.stop();
      }
      await eventually("nobody", async () => (await asha.get("/v1/sip/registrations")).every((device) => device.identity !== username));
      await asha.remove(`${path}/${id}`);
    });
  }

  /** A call by a trunk that SIPp answers. */
  async function taken({ port, number }, options) {
    const { done, log } = await carrier(answers, port, options);
    const id = await calls.place(number);
    await calls.that(id, "answered");
    await calls.hangUp(id);
    await done;
    await calls.that(id, "completed");
    return log;
  }

  test("SIPp takes a call as a carrier over TCP", () => taken(trunks.tcp, { more: OVER_TCP, listens: "tcp" }));

  test("an INVITE too long for a datagram goes by TCP", () => taken(trunks.large, { more: OVER_TCP, listens: "tcp" }));

  test("and by a datagram after all where nobody takes connections", () => taken(trunks.largeOverUdp));

  test("baresip takes a call as a carrier over TLS, by the certificate of its address", async () => {
    const { port, number, phone: { certificate, key } } = trunks.tls;
    const { readFile, writeFile } = await import("node:fs/promises");
    const both = `${certificate}.both`;
    await writeFile(both, `${await readFile(key, "utf8")}${await readFile(certificate, "utf8")}`);
    const listen = `${HOST}:${port - 1}`;
    const phone = await startBaresip(HOST, number.slice(1), "none", {
      transport: "tls", listen, settings: [`sip_certificate ${both}`], account: "regint=0",
    });
    try {
      const id = await calls.place(number);
      await calls.that(id, "answered");
      await eventually("the carrier hears the call", () => phone.hears());
      await calls.hangUp(id);
      await calls.that(id, "completed");
    } catch (error) {
      throw new Error(`${error.message}\n${phone.said()}\n${await server.log()}`);
    } finally {
      await phone.stop();
    }
  });

  test("one connection serves several calls, and one that closes under a call is opened again", async () => {
    const { port, number, connections } = trunks.stream;
    const said = async (from, method) => {
      const { socket, messages } = connections[from];
      const request = await eventually(`${method} on connection ${from}`, () => {
        const at = messages.findIndex((message) => message.startsWith(`${method} `));
        return at >= 0 && messages.splice(at, 1)[0];
      });
      return { socket, request };
    };
    const places = [];
    for (const _ of [1, 2]) {
      const id = await calls.place(number);
      await eventually("a connection", () => connections.length > 0);
      const { socket, request } = await said(0, "INVITE");
      assert.match(header(request, "Via"), /^SIP\/2\.0\/TCP .*;alias/);
      socket.write(answerTo(request, "200 OK", { host: HOST, port, describes: true }));
      await said(0, "ACK");
      places.push(id);
    }
    assert.equal(connections.length, 1);
    for (const id of places) await calls.that(id, "answered");
    connections[0].socket.destroy();
    await eventually("another connection", () => connections.length === 2);
    for (const id of places) {
      await calls.hangUp(id);
      const { socket, request } = await said(1, "BYE");
      socket.write(answerTo(request, "200 OK", { host: HOST, port }));
      await calls.that(id, "completed");
    }
  });

  const overTls = async (options) => {
    const [host, port] = server.tls.split(":");
    const socket = connectTls({ host, port: Number(port), ca: authority.pem, ...options });
    await once(socket, "secureConnect");
    return { socket, messages: messagesOf(socket) };
  };
  const statusOf = (messages, status) => eventually(`a ${status}`, () => messages.some((message) => message.startsWith(`SIP/2.0 ${status}`)));

  test("a carrier's certificate lets its calls in from any address, and nobody else's does", async () => {
    const { readFile } = await import("node:fs/promises");
    const shown = async (name, names) => {
      const { certificate, key } = await authority.issue(name, ...names);
      return { cert: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
    };
    const carrier = await overTls(await shown("sbc", ["DNS:sbc.carrier.example"]));
    carrier.socket.write(invite(NUMBER, server.tls, { host: "127.0.0.1", transport: "TLS", id: "certified" }));
    // Nobody is registered, so that nobody rings.
    await statusOf(carrier.messages, 480);
    const other = await overTls(await shown("other", ["DNS:other.example"]));
    other.socket.write(invite(NUMBER, server.tls, { host: "127.0.0.1", transport: "TLS", id: "other" }));
    await statusOf(other.messages, 401);
    const none = await overTls({ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
    none.socket.write(invite(NUMBER, server.tls, { host: "127.0.0.1", transport: "TLS", id: "none" }));
    await statusOf(none.messages, 401);
    for (const { socket } of [carrier, other, none]) socket.destroy();
  });

  test("a renewed certificate is shown without a restart", async () => {
    const serialOf = async () => {
      const { socket } = await overTls({});
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return Number.parseInt(serialNumber, 16);
    };
    assert.equal(await serialOf(), own.serial);
    const renewed = await authority.issue("voice", "DNS:voice.example", "IP:127.0.0.1");
    await eventually("the renewed certificate", async () => (await serialOf()) === renewed.serial, SEEN_WITHIN_MS);
  });
});

describe("HTTPS", () => {
  test("one binary alone serves the console and the API from its certificates", async () => {
    const authority = await startAuthority();
    const { certificate, key } = await authority.issue("voice", "IP:127.0.0.1");
    const server = await startServer(`
http.tls = true
sip.tls_listen = "127.0.0.1:0"
[tls]
certificate_files = ["${certificate}"]
key_files = ["${key}"]
`);
    try {
      const url = new URL("/healthz", server.url.replace("http:", "https:"));
      const asked = https(url, { ca: authority.pem }).end();
      const [response] = await once(asked, "response");
      assert.equal(response.statusCode, 200);
      response.resume();
    } finally {
      await server.stop();
      await authority.remove();
    }
  });
});

describe("IPv6", () => {
  test("devices register over UDP and TCP where there is no IPv4", async () => {
    // The environment outranks the file that `startServer` writes.
    const own = { SAUTIKIT__SIP__LISTEN: "[::1]:0", SAUTIKIT__SIP__DOMAIN: "[::1]", SAUTIKIT__MEDIA__LISTEN: "[::1]:0", SAUTIKIT__MEDIA__PUBLIC_IP: "::1" };
    Object.assign(process.env, own);
    const server = await startServer().finally(() => {
      for (const name of Object.keys(own)) delete process.env[name];
    });
    try {
      const workspace = await openWorkspace(server.url);
      const [number] = await workspace.get("/v1/numbers");
      for (const more of [[], OVER_TCP]) {
        const { username, password } = await workspace.post(`/v1/numbers/${number.id}/sip-credentials`, { label: "Reception" }, 201);
        await caller(registers(username, password), "0", server.sip, { address: "::1", more: [...more, "-auth_uri", server.sip] });
      }
    } finally {
      await server.stop();
    }
  });
});
