// SIP that is wrong: RFC 4475's torture messages, pieces of a good INVITE, and sizes that nobody sends.
import { readFile, readdir } from "node:fs/promises";
import { randomFrom } from "./alive.js";

const TORTURE = new URL("../../crates/sip/tests/rfc4475/", import.meta.url);
const RANDOM_MESSAGES = 300;
/** Cuts through start line, headers and body. */
const CUT_EVERY_BYTES = 7;

/** RFC 4475's messages by name. */
export async function tortureMessages() {
  const names = (await readdir(TORTURE)).filter((name) => name.endsWith(".dat"));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(new URL(name, TORTURE)) })));
}

/** An INVITE as carriers send it; `headers` are further lines. */
export function goodInvite(number, headers = []) {
  const body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n";
  return Buffer.from([
    `INVITE sip:${number}@127.0.0.1 SIP/2.0`, "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKnoise", "Max-Forwards: 70",
    "From: <sip:+254722000077@127.0.0.1>;tag=noise", `To: <sip:${number}@127.0.0.1>`, "Call-ID: noise", "CSeq: 1 INVITE",
    "Contact: <sip:noise@127.0.0.1:9>", ...headers, "Content-Type: application/sdp", `Content-Length: ${body.length}`, "", body,
  ].join("\r\n"));
}

/** Everything but the torture messages. */
export function wrongMessages(number) {
  const random = randomFrom(4475);
  const good = goodInvite(number);
  const cuts = Array.from({ length: Math.floor(good.length / CUT_EVERY_BYTES) }, (_, index) => good.subarray(0, index * CUT_EVERY_BYTES));
  const flipped = cuts.map(() => {
    const bytes = Buffer.from(good);
    for (let flips = 0; flips < 5; flips += 1) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  });
  const noise = Array.from({ length: RANDOM_MESSAGES }, () => random.bytes(1 + random.below(1_400)));
  return [...cuts, ...flipped, ...noise, ...hugeMessages(number)];
}

/** As large as a datagram can be, in one header, in many, in many values, in parameters, and in a start line. */
function hugeMessages(number) {
  const long = "x".repeat(60_000);
  return [
    goodInvite(number, [`X-Long: ${long}`]),
    goodInvite(number, Array.from({ length: 5_000 }, (_, index) => `X-${index}: 1`)),
    goodInvite(number, [`Accept: ${Array.from({ length: 20_000 }, () => "a/b").join(",").slice(0, 60_000)}`]),
    goodInvite(number, [`Route: ${Array.from({ length: 2_000 }, () => "<sip:a@127.0.0.1;lr>").join(",")}`]),
    goodInvite(number, [`Contact: <sip:a@b>${";p=1".repeat(14_000)}`]),
    goodInvite(`${number};${"x".repeat(30_000)}`),
  ];
}
