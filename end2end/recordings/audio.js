// Audio that tells where it is: noise in bursts, as packets of RTP that SIPp plays and as what is heard of it.
import { writeFile } from "node:fs/promises";

const RATE = 8_000;
const FRAME = 160;

/** Noise of so many seconds, the same for the same seed: loud and soft by turns, like syllables. */
export function speech(seed, seconds) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  let smooth = 0;
  return Int16Array.from({ length: seconds * RATE }, (_, n) => {
    smooth = 0.6 * smooth + 0.4 * random();
    const syllable = 0.55 + 0.45 * Math.sin((2 * Math.PI * n * (2 + (seed % 3))) / RATE);
    return Math.round(16_000 * smooth * syllable);
  });
}

/** G.711 (ITU-T): how each law writes a sample, found by asking which byte sounds nearest. */
const LAWS = { 0: ulaw, 8: alaw };

function ulaw(byte) {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & 15) << 3) + 132) << ((bits >> 4) & 7);
  return bits & 128 ? 132 - magnitude : magnitude - 132;
}

function alaw(byte) {
  const bits = byte ^ 0x55;
  const [exponent, mantissa] = [(bits >> 4) & 7, (bits & 15) << 4];
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 264) << (exponent - 1);
  return bits & 128 ? magnitude : -magnitude;
}

function encoder(payloadType) {
  const sounds = Array.from({ length: 256 }, (_, byte) => [LAWS[payloadType](byte), byte]).sort(([a], [b]) => a - b);
  return (sample) => {
    let [low, high] = [0, sounds.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sounds[middle][0] < sample) low = middle + 1;
      else high = middle;
    }
    const before = sounds[Math.max(low - 1, 0)];
    return (sample - before[0] < sounds[low][0] - sample ? before : sounds[low])[1];
  };
}

/** Writes the samples as RTP in a pcap file, a packet every 20 ms; payload type 0 (PCMU) or 8 (PCMA). */
export async function writePcap(file, samples, payloadType = 8) {
  const encode = encoder(payloadType);
  const header = Buffer.alloc(24);
  [0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1].forEach((value, at) => header.writeUInt32LE(value, at * 4));
  const parts = [header];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    const index = at / FRAME;
    const packet = Buffer.alloc(14 + 20 + 8 + 12 + FRAME);
    packet.writeUInt16BE(0x0800, 12);
    packet.writeUInt8(0x45, 14);
    packet.writeUInt16BE(packet.length - 14, 16);
    packet.writeUInt8(64, 22);
    packet.writeUInt8(17, 23);
    packet.writeUInt16BE(4_000, 34);
    packet.writeUInt16BE(4_002, 36);
    packet.writeUInt16BE(8 + 12 + FRAME, 38);
    packet.writeUInt16BE(0x8000 | (index === 0 ? 0x80 : 0) | payloadType, 42);
    packet.writeUInt16BE(index & 0xffff, 44);
    packet.writeUInt32BE(at, 46);
    packet.writeUInt32BE(0x5eed0000 + payloadType, 50);
    samples.subarray(at, at + FRAME).forEach((sample, n) => packet.writeUInt8(encode(sample), 54 + n));
    const micros = index * 20_000;
    const record = Buffer.alloc(16);
    [Math.floor(micros / 1e6), micros % 1e6, packet.length, packet.length].forEach((value, n) => record.writeUInt32LE(value, n * 4));
    parts.push(record, packet);
  }
  await writeFile(file, Buffer.concat(parts));
}

/** The samples as a WAV file of 16 bits at 8 kHz. */
export function wavOf(samples) {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + samples.length * 2, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  [1, 1].forEach((value, at) => header.writeUInt16LE(value, 20 + at * 2));
  [RATE, RATE * 2].forEach((value, at) => header.writeUInt32LE(value, 24 + at * 4));
  [2, 16].forEach((value, at) => header.writeUInt16LE(value, 32 + at * 2));
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length * 2, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer, samples.byteOffset, samples.length * 2)]);
}

/** The channels of a WAV file of 16 bits at 8 kHz. */
export function channelsOf(wav) {
  const count = wav.readUInt16LE(22);
  if (wav.toString("latin1", 0, 4) !== "RIFF" || wav.readUInt32LE(24) !== RATE || wav.readUInt32LE(40) !== wav.length - 44) {
    throw new Error("no whole WAV file of 8 kHz");
  }
  const length = (wav.length - 44) / 2 / count;
  return Array.from({ length: count }, (_, channel) => (
    Int16Array.from({ length }, (_, n) => wav.readInt16LE(44 + (n * count + channel) * 2))
  ));
}

function correlation(a, b, shift, from, to) {
  let [ab, aa, bb] = [0, 0, 0];
  for (let n = from; n < to; n += 1) {
    const other = b[n + shift] ?? 0;
    ab += a[n] * other;
    aa += a[n] ** 2;
    bb += other ** 2;
  }
  return ab / Math.sqrt(aa * bb || 1);
}

/**
 * How alike what was said and a channel are once they are aligned, and where it begins there, in milliseconds. `driftMs` is how much
 * further the end is from the beginning than it was when it was said.
 */
export function likeness(said, channel) {
  const find = (from, to, shifts) => {
    let best = { like: -1, shift: 0 };
    for (const shift of shifts) {
      const like = correlation(said, channel, shift, from, to);
      if (like > best.like) best = { like, shift };
    }
    return best;
  };
  const range = (low, high) => Array.from({ length: high - low }, (_, n) => low + n);
  const { shift } = find(RATE / 2, RATE, range(-RATE / 2, Math.max(channel.length - RATE / 2, 1)));
  const near = range(shift - 80, shift + 80);
  const begin = find(RATE / 2, RATE, near);
  const end = find(said.length - RATE, said.length - RATE / 2, near);
  return {
    like: correlation(said, channel, shift, RATE / 4, said.length - RATE / 4),
    atMs: (shift * 1_000) / RATE,
    driftMs: ((end.shift - begin.shift) * 1_000) / RATE,
  };
}
