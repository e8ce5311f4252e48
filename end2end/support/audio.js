// What a page sends and hears, read from WebRTC's own statistics whatever SIP stack made the connection.

/**
 * Runs in the page before its scripts: remembers the peer connections, and makes them offer one codec only when
 * `window.onlyCodec` says so (RTCRtpTransceiver.setCodecPreferences, as an application would).
 */
export function observeAudio() {
  // A page's connections are those of its frames too.
  const connections = (top.observed ??= []);
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }

    createOffer(...args) {
      this.#restrict();
      return super.createOffer(...args);
    }

    createAnswer(...args) {
      this.#restrict();
      return super.createAnswer(...args);
    }

    #restrict() {
      if (!top.onlyCodec) return;
      const { codecs } = RTCRtpReceiver.getCapabilities("audio");
      const kept = codecs.filter(({ mimeType, clockRate }) => mimeType === `audio/${top.onlyCodec}` || (mimeType === "audio/telephone-event" && clockRate === 8000));
      this.getTransceivers().forEach((transceiver) => transceiver.setCodecPreferences(kept));
    }
  };
  const newest = () => connections.findLast((connection) => connection.connectionState !== "closed") ?? connections.at(-1);
  // `heard` and `said` are energies, which only ever grow; `seconds` is how much received sound was played, without what the
  // browser made up for packets that were late: a busy machine must not look like silence.
  window.audio = async () => {
    const facts = { connected: newest()?.connectionState === "connected", heard: 0, said: 0, seconds: 0, codec: undefined, at: 0 };
    const stats = await newest()?.getStats();
    for (const report of stats?.values() ?? []) {
      facts.at = Math.max(facts.at, report.timestamp);
      if (report.type === "inbound-rtp") {
        const received = (report.totalSamplesReceived - report.concealedSamples) / (report.totalSamplesReceived || 1);
        Object.assign(facts, { heard: report.totalAudioEnergy, seconds: report.totalSamplesDuration * received });
        facts.codec = stats.get(report.codecId)?.mimeType;
      }
      if (report.type === "media-source") facts.said = report.totalAudioEnergy ?? 0;
    }
    return facts;
  };
  /** When a first frame of received sound was handed to the page, in milliseconds since 1970; undefined before. */
  window.firstFrameAt = () => newest()?.getReceivers()[0]?.getSynchronizationSources()[0]?.timestamp;
  /** What comes in, for who listens more closely. */
  window.receivedTrack = () => newest()?.getReceivers()[0]?.track;
  // Not the browser driver's own waiting: it takes the promise of an asynchronous predicate for its truth.
  window.until = async (predicate) => {
    const late = performance.now() + 30_000;
    for (;;) {
      const now = await window.audio();
      if (predicate(now)) return;
      if (performance.now() > late) throw new Error(`not within 30 s; the sound is at ${JSON.stringify(now)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  // The microphone itself, below any mute of a SIP stack: a disabled track sends silence.
  window.speak = (speaking) => newest().getSenders().forEach(({ track }) => { if (track) track.enabled = speaking; });
}

/** Energy that a spoken word or a beep exceeds by far; comfort noise and the coding of zeros stay far below. */
const AUDIBLE = 1e-4;
/** Longer than the pauses between sentences, and three beeps of the microphone. */
const SILENT_SECONDS = 1.5;

/** Waits until something is heard from now on. */
export const hears = (page) => page.evaluate(async (audible) => {
  const { heard } = await window.audio();
  await window.until((now) => now.heard > heard + audible);
}, AUDIBLE);

/** Waits until nothing was heard for a while, in time of the sound itself. */
const hearsSilence = (page) => page.evaluate(async ([audible, seconds]) => {
  let lull = await window.audio();
  await window.until((now) => {
    if (now.heard > lull.heard + audible) lull = now;
    return now.seconds - lull.seconds > seconds;
  });
}, [AUDIBLE, SILENT_SECONDS]);

/** Opens or shuts the microphone. */
export const speaks = (page, speaking) => page.evaluate((speaking) => window.speak(speaking), speaking);

/**
 * Both directions against a party that repeats what it hears: while the microphone is silent nothing comes, and when it
 * speaks, its beeps come back.
 */
export async function isRepeated(page) {
  await speaks(page, false);
  await hearsSilence(page);
  const { said } = await page.evaluate(() => window.audio());
  await speaks(page, true);
  await hears(page);
  // A report's sent half is read before its received half: on a busy machine the beep can fall between them. What was heard was
  // said before the next report, and reports are kept for some milliseconds.
  const after = await page.evaluate(async () => {
    const { at } = await window.audio();
    await window.until((now) => now.at > at);
    return window.audio();
  });
  if (!(after.said > said)) throw new Error("sound came back although the microphone was silent");
}

export const codec = (page) => page.evaluate(async () => (await window.audio()).codec);
