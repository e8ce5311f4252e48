// Session descriptions of a random peer, and what RFC 3264 asks of ours.
import assert from "node:assert/strict";

/** What the trunk of the test may speak. */
export const CODECS = ["PCMA", "PCMU", "G722", "opus"];
/** RTP/AVP's own numbers (RFC 3551 §6), which need no map. */
const STATIC = { 0: "pcmu/8000", 8: "pcma/8000", 9: "g722/8000", 13: "cn/8000", 18: "g729/8000" };
/** Dynamic ones under numbers that stay the peer's. */
const DYNAMIC = { 97: "opus/48000/2", 110: "telephone-event/8000", 98: "telephone-event/48000" };
const DIRECTIONS = ["sendrecv", "sendonly", "recvonly", "inactive"];
const SPOKEN = /^(pcma|pcmu|g722|opus)\//;

/** The lines of a description: kind, port, protocol, formats, direction, connection and what each format means. */
export function parse(text) {
  const lines = text.split("\r\n");
  const session = { connection: undefined, direction: undefined, origin: "", media: [] };
  for (const line of lines) {
    const into = session.media.at(-1) ?? session;
    const [kind, value] = [line[0], line.slice(2)];
    if (kind === "o") session.origin = value;
    if (kind === "c") into.connection = value.split(" ")[2];
    if (kind === "m") {
      const [media, port, protocol, ...formats] = value.split(" ");
      session.media.push({ media, port: Number(port), protocol, formats, maps: {} });
    }
    const map = /^rtpmap:(\d+) (\S+)/.exec(kind === "a" ? value : "");
    if (map) into.maps[map[1]] = map[2].toLowerCase().replace(/\/1$/, "");
    if (kind === "a" && DIRECTIONS.includes(value)) into.direction = value;
  }
  for (const line of session.media) {
    line.direction ??= session.direction ?? "sendrecv";
    line.connection ??= session.connection;
    line.means = Object.fromEntries(line.formats.map((format) => [format, line.maps[format] ?? STATIC[format] ?? ""]));
  }
  return session;
}

const pick = (random, list) => list[random.below(list.length)];
const sends = (direction) => direction === "sendrecv" || direction === "sendonly";
const receives = (direction) => direction === "sendrecv" || direction === "recvonly";

function audioLine(random, { port, protocol = "RTP/AVP", formats, direction, connection }) {
  const maps = formats.filter((format) => DYNAMIC[format]).map((format) => `a=rtpmap:${format} ${DYNAMIC[format]}`);
  return [`m=audio ${port} ${protocol} ${formats.join(" ")}`, ...(connection ? [`c=IN IP4 ${connection}`] : []), ...maps,
    ...(direction ? [`a=${direction}`] : [])];
}

const described = (host, version, lines) =>
  ["v=0", `o=- 7 ${version} IN IP4 ${host}`, "s=-", `c=IN IP4 ${host}`, "t=0 0", ...lines, ""].join("\r\n");

/** An offer with as many lines as the one before, or more (RFC 3264 §8). */
export function offerOf(random, host, version, linesBefore = 0) {
  const lines = [];
  const count = Math.max(linesBefore, 1 + random.below(3));
  for (let at = 0; at < count; at += 1) {
    const formats = [...Object.keys(STATIC), ...Object.keys(DYNAMIC)].filter(() => random.below(2) === 0);
    if (random.below(4) === 0 && at >= linesBefore) {
      lines.push(...pick(random, [["m=video 4050 RTP/AVP 31"], ["m=image 4060 udptl t38"], ["m=application 9 X/Y z"]]));
    } else {
      lines.push(...audioLine(random, {
        port: pick(random, [4_000, 4_000, 4_002, 0]),
        protocol: pick(random, ["RTP/AVP", "RTP/AVP", "RTP/AVP", "RTP/SAVP", "X/Y"]),
        formats: formats.length > 0 ? formats : ["8"],
        direction: pick(random, [undefined, ...DIRECTIONS]),
        connection: pick(random, [undefined, undefined, "0.0.0.0"]),
      }));
    }
  }
  return described(host, version, lines);
}

/** An answer to our offer: one of its codecs or all, in a direction that fits. */
export function answerTo(random, host, version, offer) {
  const lines = parse(offer).media.flatMap((line) => {
    if (line.port === 0 || line.media !== "audio") return [`m=${line.media} 0 ${line.protocol} ${line.formats.join(" ")}`];
    const audio = line.formats.filter((format) => SPOKEN.test(line.means[format]));
    const chosen = pick(random, audio);
    const formats = random.below(2) === 0 ? [chosen] : [chosen, ...line.formats.filter((format) => format !== chosen)];
    const fitting = DIRECTIONS.filter((ours) => (!sends(ours) || receives(line.direction)) && (!receives(ours) || sends(line.direction)));
    const maps = formats.filter((format) => line.maps[format]).map((format) => `a=rtpmap:${format} ${line.maps[format]}`);
    return [`m=audio 4000 ${line.protocol} ${formats.join(" ")}`, ...maps, `a=${pick(random, fitting)}`];
  });
  return described(host, version, lines);
}

/** Whether a line of an offer can carry the call. */
export const isUsable = ({ media, port, protocol, means }) => media === "audio" && port !== 0
  && ["RTP/AVP", "RTP/AVPF"].includes(protocol) && Object.values(means).some((meaning) => SPOKEN.test(meaning));

/** What an onlooker of one dialog holds us to. */
export class Onlooker {
  #last;
  #lines = 0;
  #agreed = {};

  /** §5 and §8: one session, whose version grows by one exactly when something else changes. */
  #described(text) {
    const [, id, version] = /^o=\S+ (\d+) (\d+) /m.exec(text) ?? assert.fail(`no origin: ${text}`);
    const rest = text.replace(/^o=.*$/m, "");
    if (this.#last) {
      assert.equal(id, this.#last.id);
      assert.equal(BigInt(version) - this.#last.version, rest === this.#last.rest ? 0n : 1n, `${this.#last.text}\n${text}`);
    }
    this.#last = { id, version: BigInt(version), rest, text };
  }

  /** §6: line by line, formats of the offer under its numbers, a direction that fits. */
  answered(offered, text) {
    this.#described(text);
    const [offer, answer] = [parse(offered), parse(text)];
    const context = `${offered}\n${text}`;
    assert.equal(answer.media.length, offer.media.length, context);
    const accepted = [];
    for (const [at, ours] of answer.media.entries()) {
      const theirs = offer.media[at];
      assert.deepEqual([ours.media, ours.protocol], [theirs.media, theirs.protocol], context);
      if (ours.port === 0) continue;
      accepted.push([ours, theirs]);
    }
    assert.equal(accepted.length, 1, context);
    const [[ours, theirs]] = accepted;
    assert.ok(isUsable(theirs), context);
    for (const format of ours.formats) {
      assert.ok(theirs.formats.includes(format), `${format} was not offered\n${context}`);
      assert.equal(ours.means[format], theirs.means[format], context);
    }
    assert.ok(!sends(ours.direction) || receives(theirs.direction), context);
    assert.ok(!receives(ours.direction) || sends(theirs.direction), context);
    if (theirs.connection === "0.0.0.0") assert.ok(!sends(ours.direction), context);
    this.#lines = answer.media.length;
    this.#agreed = ours.means;
  }

  /** §8: no line is lost, and a number goes on to mean what it meant. */
  offered(text) {
    this.#described(text);
    const offer = parse(text);
    assert.ok(offer.media.length >= Math.max(this.#lines, 1), text);
    const audio = offer.media.filter(({ media, port }) => media === "audio" && port !== 0);
    assert.equal(audio.length, 1, text);
    const [{ formats, means }] = audio;
    assert.equal(new Set(formats).size, formats.length, text);
    for (const codec of CODECS) assert.ok(Object.values(means).some((meaning) => meaning.startsWith(`${codec.toLowerCase()}/`)), text);
    for (const [format, meaning] of Object.entries(this.#agreed)) assert.equal(means[format], meaning, text);
    this.#lines = offer.media.length;
  }

  /** The peer took our offer. */
  agreed(answer) {
    const line = parse(answer).media.find(({ media, port }) => media === "audio" && port !== 0);
    this.#agreed = line?.means ?? {};
  }

  get lines() {
    return this.#lines;
  }
}
