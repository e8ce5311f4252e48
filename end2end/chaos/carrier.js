// A carrier on one UDP socket: it calls the workspace's number and answers what is dialled, at once or after it rang, talks a
// little on both legs, and remembers what it saw of every call. It belongs to no call of the server's, so it outlives the server.
import { createSocket } from "node:dgram";
import { once } from "node:events";

/** Between two packets of audio: enough for "last heard", and little work for this program. */
export const PACKET_MS = 100;
/** Before a request is repeated (RFC 3261 T1), doubled each time. */
const REPEAT_MS = 500;
/** Repetitions of one request; then the other side is taken for gone. */
const REPEATS = 6;
/** How long a caller waits for a final answer. Longer than anything here rings, and than a node takes to start again. */
const ANSWERED_WITHIN_MS = 60_000;
/** For so long a 200 is repeated to a server that does not acknowledge it (64 times T1, RFC 3261 §13.3.1.4). */
const UNACKNOWLEDGED_MS = 64 * REPEAT_MS;

const now = () => performance.timeOrigin + performance.now();

async function udp() {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 }).bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** The number that calls as number `index`, and the number that the call is to be connected to. */
export const callerOf = (index) => `+254711${String(index).padStart(6, "0")}`;
export const calleeOf = (index) => `+254722${String(index).padStart(6, "0")}`;
const indexOf = (text) => Number(/\+2547(?:11|22)(\d{6})/.exec(text)?.[1]);

const headers = (text) => text.split("\r\n\r\n")[0].split("\r\n").slice(1);
const lines = (text, name) => headers(text).filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
/** Proxies that want to see what follows in the dialog, as they stand in it (RFC 3261 §12.1). */
const routes = (text) => lines(text, "Record-Route").flatMap((line) => line.slice(line.indexOf(":") + 1).split(",")).map((one) => one.trim());
const value = (text, name) => lines(text, name)[0]?.slice(name.length + 1).trim() ?? "";

/**
 * `calls` is a map from the call's index to what was seen: `caller` and `callee` are its legs. `stoodStillMs` is the longest
 * that this program itself was late: what it says of a moment is not truer than that. What is dialled rings for up to
 * `ringsMs`, at random; without that it is answered at once.
 */
export async function startCarrier({ ringsMs = 0 } = {}) {
  const [sip, rtp] = await Promise.all([udp(), udp()]);
  const carrier = { port: sip.address().port, calls: new Map(), stoodStillMs: 0 };
  const local = `127.0.0.1:${carrier.port}`;
  const legs = new Map(); // by Call-ID
  const talking = new Set();
  rtp.on("message", () => {});
  const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${rtp.address().port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n`;

  const packet = Buffer.alloc(172, 0xd5);
  let pacedAt = now();
  const pace = setInterval(() => {
    carrier.stoodStillMs = Math.max(carrier.stoodStillMs, now() - pacedAt - PACKET_MS);
    pacedAt = now();
    for (const leg of talking) {
      leg.sequence = ((leg.sequence ?? 0) + 1) & 0xffff;
      packet.writeUInt16BE(0x8008, 0);
      packet.writeUInt16BE(leg.sequence, 2);
      packet.writeUInt32BE((leg.sequence * 160) >>> 0, 4);
      packet.writeUInt32BE(leg.ssrc, 8);
      rtp.send(packet, leg.audioPort, "127.0.0.1");
      leg.lastAudioAt = now();
    }
  }, PACKET_MS);

  const seen = (index) => {
    if (!carrier.calls.has(index)) carrier.calls.set(index, { index });
    return carrier.calls.get(index);
  };

  function answered(leg, body) {
    leg.answeredAt ??= now();
    leg.audioPort = Number(/m=audio (\d+)/.exec(body)[1]);
    leg.ssrc = (legs.size * 7919) >>> 0;
    talking.add(leg);
  }

  function ended(leg, by) {
    if (leg.endedAt) return;
    clearTimeout(leg.timer);
    leg.endedAt = now();
    leg.endedBy = by;
    talking.delete(leg);
    leg.whenEnded?.();
  }

  /** Answers a callee's INVITE until somebody acknowledges that: the server that dialled it may be gone. */
  function answer(leg, repeatMs = REPEAT_MS) {
    if (leg.endedAt || leg.acknowledged) return;
    if (leg.answeredAt && now() - leg.answeredAt > UNACKNOWLEDGED_MS) {
      leg.gaveUp = true;
      ended(leg, "nobody");
      return;
    }
    leg.reply("200 OK", sdp);
    if (!leg.answeredAt) answered(leg, leg.offer);
    leg.timer = setTimeout(() => answer(leg, Math.min(repeatMs * 2, 4_000)), repeatMs);
  }

  /** Sends a request until `leg.done` says that it was answered, or nobody is there. */
  function ask(leg, text, method, port) {
    let repeats = 0;
    let wait = REPEAT_MS;
    const again = () => {
      if (leg.heard?.has(method) || repeats > REPEATS) return leg.silent?.(method, repeats > REPEATS);
      sip.send(text, port, "127.0.0.1");
      repeats += 1;
      setTimeout(again, wait);
      wait = Math.min(wait * 2, 4_000);
    };
    again();
  }

  // The ACK of a refusal belongs to the INVITE's transaction (RFC 3261 §17.1.1.3).
  function request(leg, method, sequence, body = "") {
    const type = body ? ["Content-Type: application/sdp"] : [];
    const route = leg.routes?.length ? [`Route: ${leg.routes.join(", ")}`] : [];
    return [`${method} ${leg.contact} SIP/2.0`, `Via: SIP/2.0/UDP ${local};branch=z9hG4bK${leg.id}${leg.refused ? "INVITE" : method};rport`,
      "Max-Forwards: 70", ...route, `From: ${leg.from}`, `To: ${leg.to}`, `Call-ID: ${leg.id}`, `CSeq: ${sequence} ${method}`,
      `Contact: <sip:carrier@${local}>`, ...type, `Content-Length: ${body.length}`, "", body].join("\r\n");
  }

  /** Calls `number` at the server; the leg comes to `answeredAt`, `refused` or `endedAt`, by "nobody" where no final answer came. */
  carrier.call = (index, number, serverPort) => {
    const id = `chaos-${carrier.port}-${index}-${Math.floor(now())}`;
    const leg = { id, kind: "caller", serverPort, heard: new Set(), contact: `sip:${number}@127.0.0.1:${serverPort}`,
      from: `<sip:${callerOf(index)}@${local}>;tag=c${index}`, to: `<sip:${number}@127.0.0.1:${serverPort}>`, invitedAt: now() };
    legs.set(id, leg);
    seen(index).caller = leg;
    leg.timer = setTimeout(() => leg.answeredAt || ended(leg, "nobody"), ANSWERED_WITHIN_MS);
    ask(leg, request(leg, "INVITE", 1, sdp), "INVITE", serverPort);
    return leg;
  };

  /** Ends a leg that was answered. */
  carrier.hangUp = (leg) => {
    if (leg.endedAt || !leg.answeredAt) return;
    ended(leg, "carrier");
    ask(leg, request(leg, "BYE", 2), "BYE", leg.serverPort);
  };

  sip.on("message", (bytes, from) => {
    const text = bytes.toString();
    const leg = legs.get(value(text, "Call-ID"));
    const body = text.slice(text.indexOf("\r\n\r\n") + 4);
    const status = Number(/^SIP\/2\.0 (\d+)/.exec(text)?.[1]);
    const method = text.split(" ")[0];
    const reply = (line, description = "") => {
      const to = value(text, "To").includes(";tag=") ? value(text, "To") : `${value(text, "To")};tag=carrier`;
      const type = description ? ["Content-Type: application/sdp"] : [];
      sip.send([`SIP/2.0 ${line}`, ...lines(text, "Via"), ...lines(text, "Record-Route"), ...lines(text, "From"), `To: ${to}`,
        ...lines(text, "Call-ID"), ...lines(text, "CSeq"), `Contact: <sip:carrier@${local}>`, ...type, `Content-Length: ${description.length}`, "",
        description].join("\r\n"), from.port, from.address);
    };
    if (status) {
      if (!leg) return;
      const of = value(text, "CSeq").split(" ")[1];
      if (status >= 100) leg.heard.add(of);
      if (of !== "INVITE" || status < 200) return;
      leg.to = value(text, "To");
      if (status >= 300) {
        leg.refused = status;
        sip.send(request(leg, "ACK", 1), from.port, from.address);
        return ended(leg, "refused");
      }
      const contact = /<(.*)>/.exec(value(text, "Contact"))[1];
      const isFirst = !leg.answeredAt;
      leg.contact = contact;
      leg.routes = routes(text).reverse();
      sip.send(request(leg, "ACK", 1), from.port, from.address);
      if (isFirst) answered(leg, body);
      return;
    }
    if (method === "INVITE") {
      const index = indexOf(text.split(" ")[1]);
      const known = leg ?? { id: value(text, "Call-ID"), kind: "callee", serverPort: from.port, heard: new Set(), invitedAt: now() };
      if (!leg) {
        legs.set(known.id, known);
        const call = seen(index);
        if (call.callee) call.dialledTwice = true;
        call.callee = known;
        known.contact = /<(.*)>/.exec(value(text, "Contact"))[1];
        known.routes = routes(text);
        known.to = value(text, "From");
        known.from = `${value(text, "To")};tag=carrier`;
        known.reply = reply;
        known.offer = body;
        if (ringsMs > 0) {
          reply("180 Ringing");
          known.timer = setTimeout(() => answer(known), Math.random() * ringsMs);
        } else {
          answer(known);
        }
      } else if (known.answeredAt) {
        reply("200 OK", sdp);
      } else if (!known.endedAt) {
        reply("180 Ringing");
      }
    } else if (method === "ACK") {
      if (leg) {
        leg.acknowledged = true;
        clearTimeout(leg.timer);
      }
    } else if (method === "BYE") {
      // Of a call from before a restart of this program, or one that is over: answered all the same.
      reply("200 OK");
      if (leg) ended(leg, "server");
    } else if (method === "CANCEL") {
      reply("200 OK");
      if (leg?.reply && !leg.answeredAt && !leg.endedAt) {
        leg.reply("487 Request Terminated");
        ended(leg, "server");
      }
    }
  });

  carrier.stop = () => {
    clearInterval(pace);
    for (const leg of legs.values()) clearTimeout(leg.timer);
    sip.close();
    rtp.close();
  };
  return carrier;
}
