// What must go on while somebody attacks: a trunk that calls us and calls of the API, so many of each a second.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { HOST } from "../sipp/sipp.js";

/** The longest that a call may take from its first message to its last; then it has failed. */
const CALL_MS = 8_000;
/** RFC 3261 §17.1.1.2: T1, after which a request without an answer is repeated. */
const REPEAT_MS = 500;
/** How long an answered call is talked. */
const TALK_MS = 300;

/**
 * Calls until `stop()`, which resolves with what came of them once all are over. `trunk` is one of `reserveTrunks`; its
 * calls go to the workspace's number, whose callback this answers itself.
 */
export async function startLoad({ server, workspace, trunk, perSecond }) {
  const customer = await startCallback();
  await workspace.route({ voice_callback_url: customer.url });
  const carrier = await startCarrier(server.sip, trunk.port);
  const seen = { trunk: [], api: [], failures: [] };
  const running = new Set();
  const begin = (into, call) => {
    const run = call().then((setupMs) => into.push(setupMs), (error) => seen.failures.push(String(error)));
    running.add(run.finally(() => running.delete(run)));
  };
  let callees = 0;
  const pace = setInterval(() => {
    begin(seen.trunk, () => carrier.call(workspace.number));
    const to = `${trunk.number.slice(0, -3)}${String(callees++ % 1_000).padStart(3, "0")}`;
    begin(seen.api, () => fromApi(workspace, carrier, to));
  }, 1_000 / perSecond);
  return {
    async stop() {
      clearInterval(pace);
      await Promise.all(running);
      carrier.close();
      customer.close();
      return seen;
    },
  };
}

/** From the request to the INVITE at the carrier, in milliseconds; the call then ends by itself. */
async function fromApi(workspace, carrier, to) {
  const begun = performance.now();
  const taken = carrier.taken(to);
  await workspace.post("/v1/calls", { from: workspace.number, to, actions: [{ pause: { length: 1 } }] }, 202);
  const invited = await within(CALL_MS, `the INVITE to ${to}`, taken.invited);
  await within(CALL_MS, `the end of the call to ${to}`, taken.ended);
  return invited - begun;
}

/** Says nothing and waits: what is answered without audio keeps the machine's time for signalling. */
async function startCallback() {
  const actions = JSON.stringify({ actions: [{ say: { text: "Karibu." } }, { pause: { length: 10 } }] });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "Content-Type": "application/json" }).end(actions);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A trunk on one socket: it calls, and answers whoever it is asked for. */
async function startCarrier(sip, port) {
  const [host, serverPort] = sip.split(":");
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 }).bind(port, HOST);
  await once(socket, "listening");
  const here = `${HOST}:${port}`;
  const send = (text) => socket.send(text, Number(serverPort), host);
  const sdp = `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`;
  const replies = new Map();
  const callees = new Map();
  const outgoing = new Map();
  let made = 0;

  const header = (lines, name) => lines.filter((line) => line.toLowerCase().startsWith(`${name}:`));
  const valueOf = (lines, name) => header(lines, name)[0]?.slice(name.length + 1).trim();

  function onRequest(method, start, lines) {
    const id = valueOf(lines, "call-id");
    const reply = (status, body = "") => {
      const [to] = header(lines, "to");
      send([`SIP/2.0 ${status}`, ...header(lines, "via"), ...header(lines, "from"), to + (to.includes(";tag=") ? "" : ";tag=c"),
        ...header(lines, "call-id"), ...header(lines, "cseq"), `Contact: <sip:carrier@${here}>`,
        ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${body.length}`, "", body].join("\r\n"));
    };
    if (method === "INVITE") {
      const callee = /^INVITE sip:([^@;]+)/.exec(start)[1];
      outgoing.set(id, callee);
      callees.get(callee)?.invited(performance.now());
      reply("200 OK", sdp);
    } else if (method === "BYE") {
      reply("200 OK");
      callees.get(outgoing.get(id))?.ended();
      outgoing.delete(id);
    } else if (method !== "ACK") {
      reply("200 OK");
    }
  }

  socket.on("message", (bytes) => {
    const [start, ...lines] = bytes.toString("latin1").split("\r\n\r\n")[0].split("\r\n");
    const [first, status] = start.split(" ");
    if (first !== "SIP/2.0") return onRequest(first, start, lines);
    const [, method] = valueOf(lines, "cseq").split(" ");
    replies.get(`${valueOf(lines, "call-id")} ${method}`)?.(Number(status), lines);
  });

  /** Sends a request, and again, until its final answer. */
  function ask(call, method, number, body = "") {
    const text = [`${method} ${call.target} SIP/2.0`, `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${call.id}${method};rport`,
      "Max-Forwards: 70", `From: <sip:+254722000077@${here}>;tag=${call.id}`, `To: ${call.to}`, `Call-ID: ${call.id}`,
      `CSeq: ${number} ${method}`, `Contact: <sip:carrier@${here}>`, ...(body ? ["Content-Type: application/sdp"] : []),
      `Content-Length: ${body.length}`, "", body].join("\r\n");
    if (method === "ACK") return send(text);
    send(text);
    const repeat = setInterval(() => send(text), REPEAT_MS);
    const key = `${call.id} ${method}`;
    const answered = new Promise((resolve) => {
      replies.set(key, (status, lines) => {
        // Whoever has heard of an INVITE repeats its answers by itself (§17.1.1.2).
        clearInterval(repeat);
        if (status >= 200) resolve({ status, lines });
      });
    });
    return within(CALL_MS, `an answer to ${method}`, answered).finally(() => {
      clearInterval(repeat);
      replies.delete(key);
    });
  }

  return {
    /** Calls `number`, talks and hangs up; milliseconds from the INVITE to its 200. */
    async call(number) {
      const call = { id: `load${made++}`, target: `sip:${number}@${sip}`, to: `<sip:${number}@${sip}>` };
      const begun = performance.now();
      const { status, lines } = await ask(call, "INVITE", 1, sdp);
      const setupMs = performance.now() - begun;
      if (status !== 200) throw new Error(`INVITE: ${status}`);
      call.to = valueOf(lines, "to");
      call.target = /<([^>]+)>/.exec(valueOf(lines, "contact"))[1];
      ask(call, "ACK", 1);
      await new Promise((resolve) => setTimeout(resolve, TALK_MS));
      const ended = await ask(call, "BYE", 2);
      if (ended.status !== 200) throw new Error(`BYE: ${ended.status}`);
      return setupMs;
    },
    /** When the next call to `number` comes, and when it is over. */
    taken(number) {
      const promises = {};
      const settle = {};
      for (const name of ["invited", "ended"]) promises[name] = new Promise((resolve) => { settle[name] = resolve; });
      callees.set(number, settle);
      return promises;
    },
    close: () => socket.close(),
  };
}

function within(limitMs, what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
