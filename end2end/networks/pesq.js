// How speech is heard over a network that loses packets, by ITU-T P.862: `node networks/pesq.js [PERCENT] [TIMES]`, environment as for
// the tests. A carrier plays speech in A-law; the browser receives it as Opus, whose packets have each a little of the one before, and
// as A-law. Prints the mean and the range of TIMES opinions of each, without loss and with PERCENT of the packets lost.
//
// Needs espeak-ng, and the Python packages of networks/requirements.txt in ~/.cache/sautikit/pesq (scripts/preflight.sh bench).
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { codec } from "../support/audio.js";
import { openCall } from "./moves.js";
import { openNetwork } from "./network.js";

const run = promisify(execFile);
const file = (name) => new URL(name, import.meta.url).pathname;
const RATE = 8_000;
/** Sentences of the lists that ITU-T P.800 measures with: two by two, with a pause between. */
const SENTENCES = ["The birch canoe slid on the smooth planks.", "Glue the sheet to the dark blue background."];
/** Of the reference, with its pauses: P.862.3 asks for 8 to 12 s. */
const SECONDS = 8;
const TRUNK_PORT = 25_060;
const NUMBER = "+254722500042";
const TRUNK = `[sandbox]
enabled = true
[[trunk]]
name = "speech"
address = "127.0.0.1:${TRUNK_PORT}"
prefixes = ["+2547225"]
codecs = ["pcma"]
`;

/** What is said: 16-bit samples at 8 kHz, SECONDS long. */
async function speech(folder) {
  const samples = new Int16Array(RATE * SECONDS);
  for (const [index, sentence] of SENTENCES.entries()) {
    const wav = join(folder, `${index}.wav`);
    await run("espeak-ng", ["-v", "en-gb", "-s", "140", "-w", wav, sentence]);
    // A band of a telephone from espeak's 22 kHz, by the Python that is there anyway.
    const { stdout } = await run(python, ["-c", DOWN, wav], { encoding: "buffer" });
    const said = new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length / 2);
    samples.set(said.subarray(0, RATE * 3.4), RATE * (0.4 + index * SECONDS / 2));
  }
  return samples;
}

const python = join(homedir(), ".cache/sautikit/pesq/bin/python");
/** Brings a recording to 8 kHz by its spectrum, at −26 dBov of its loudest part (P.56 is what a telephone network is set to). */
const DOWN = `
import sys, wave, numpy
with wave.open(sys.argv[1]) as wav:
    rate, samples = wav.getframerate(), numpy.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(float)
length = int(len(samples) * ${RATE} / rate)
spectrum = numpy.fft.rfft(samples)[: length // 2 + 1]
frequencies = numpy.arange(len(spectrum)) * ${RATE} / length
spectrum[(frequencies < 200) | (frequencies > 3500)] = 0
narrow = numpy.fft.irfft(spectrum, length) * length / len(samples)
active = narrow[numpy.abs(narrow) > numpy.abs(narrow).max() / 50]
narrow *= 32768 * 10 ** (-23 / 20) / numpy.sqrt(numpy.mean(active ** 2))
sys.stdout.buffer.write(numpy.clip(narrow, -32768, 32767).astype("<i2").tobytes())
`;

/** A-law of a sample (ITU-T G.711). */
function alaw(sample) {
  const sign = sample >= 0 ? 0x80 : 0;
  let magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32_767) >> 3;
  let segment = 0;
  for (let above = magnitude >> 5; above > 0; above >>= 1) segment += 1;
  magnitude = segment < 2 ? (magnitude >> 1) & 15 : (magnitude >> segment) & 15;
  return (sign | (segment << 4) | magnitude) ^ 0x55;
}

/** The sample that an A-law byte stands for. */
function expanded(byte) {
  const bits = byte ^ 0x55;
  const [segment, step] = [(bits >> 4) & 7, ((bits & 15) << 4) + 8];
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}

/** Starts the carrier beside the server. */
async function startCarrier(network, recording) {
  const [program, ...args] = [...network.besideServer, process.execPath, file("carrier.js"), String(TRUNK_PORT), recording];
  const carrier = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(createInterface(carrier.stdout), "line");
  return async () => {
    carrier.stdin.end();
    await once(carrier, "exit");
  };
}

/** Records what the page receives, for so many seconds: 16-bit samples. */
async function record(page, seconds) {
  const text = await page.evaluate(async ([rate, seconds]) => {
    const context = new AudioContext({ sampleRate: rate });
    const code = `registerProcessor("record", class extends AudioWorkletProcessor {
      process([[samples]]) { if (samples) this.port.postMessage(samples.slice()); return true; }
    })`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const node = new AudioWorkletNode(context, "record");
    const samples = new Int16Array(rate * seconds);
    let length = 0;
    await new Promise((resolve) => {
      node.port.onmessage = ({ data }) => {
        for (const value of data) if (length < samples.length) samples[length++] = Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
        if (length === samples.length) resolve();
      };
      context.createMediaStreamSource(new MediaStream([window.receivedTrack()])).connect(node).connect(context.destination);
    });
    await context.close();
    let text = "";
    const bytes = new Uint8Array(samples.buffer);
    for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
    return btoa(text);
  }, [RATE, seconds]);
  return Buffer.from(text, "base64");
}

/** The opinions of what a browser hears that offers `onlyCodec`, by how much is lost. */
async function heard(network, folder, reference, onlyCodec, losses, times) {
  const call = await openCall(network, { more: TRUNK, to: NUMBER, onlyCodec });
  const opinions = {};
  let spoken;
  try {
    for (const percent of losses) {
      await network.lose(percent);
      // Two reports of the browser's, so that the encoder knows.
      await new Promise((resolve) => setTimeout(resolve, percent > 0 ? 12_000 : 2_000));
      const recording = join(folder, `${onlyCodec}-${percent}.raw`);
      await writeFile(recording, await record(call.page, SECONDS * (times + 1) + 1));
      const { stdout } = await run(python, [file("opinions.py"), reference, recording]);
      opinions[percent] = stdout.trim().split("\n").map(Number).slice(0, times);
    }
    spoken = await codec(call.page);
    await network.lose(0);
    await call.hangUp();
  } finally {
    await network.lose(0);
    await call.close();
  }
  return { spoken, opinions };
}

const [percent, times] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 10)];
const folder = await mkdtemp(join(tmpdir(), "sautikit-pesq-"));
const samples = await speech(folder);
const [reference, recording] = [join(folder, "reference.raw"), join(folder, "reference.alaw")];
const sent = Uint8Array.from(samples, alaw);
await writeFile(recording, sent);
// What is lost between carrier and browser counts, and not what A-law has lost before.
await writeFile(reference, Buffer.from(Int16Array.from(sent, expanded).buffer));
const network = await openNetwork();
const stopCarrier = await startCarrier(network, recording);
try {
  for (const onlyCodec of [undefined, "PCMA"]) {
    const { spoken, opinions } = await heard(network, folder, reference, onlyCodec, [0, percent], times);
    for (const [lost, values] of Object.entries(opinions)) {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      console.log(`${spoken}, ${lost} % lost: PESQ ${mean.toFixed(2)} (${Math.min(...values)} to ${Math.max(...values)}, ${values.length} times)`);
    }
  }
} finally {
  await stopCarrier();
  await network.close();
  await rm(folder, { recursive: true });
}
