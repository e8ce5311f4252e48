// The browser's microphone, loudspeaker and peer connection, and its news. No rule lives here: what decides is in Rust
// (browser-sdk/src), on what comes from here.

import { Turns, within } from "./waiting.js";

// How long the browser's question for the microphone may stay open: long enough to read it, short enough that nobody waits
// for a person who has left.
const MICROPHONE_LIMIT_MS = 30_000;

// Chromium tells a window of the machine's addresses two seconds after the last one has changed, but a new window at once, and
// once: one that does not have an address by now was opened before the network was there.
const ADDRESS_LIMIT_MS = 150;
// So many windows are opened: with what a network takes beyond that, the call is looked after anew (`MEND_MS` in call.js).
const MOST_WINDOWS = 20;
// A connection whose window is gone answers no question: whoever has asked waits no longer than this.
const STATS_LIMIT_MS = 1_000;

const devices = () => globalThis.navigator?.mediaDevices;

const giveBack = (stream) => stream?.getTracks().forEach((track) => {
  track.onended = null;
  track.stop();
});

/** Asks for the microphone. One that comes too late is given back at once. */
async function microphone(audio, input) {
  // Browsers hide it on insecure pages.
  if (!devices()) throw new DOMException("", "InsecureError");
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  // That one or none: whoever has chosen a headset is not heard by the room instead.
  if (input) wanted.deviceId = { exact: input };
  const asked = devices().getUserMedia({ audio: Object.assign(wanted, audio) });
  return within(MICROPHONE_LIMIT_MS, asked, () => new DOMException("", "TimeoutError")).catch((thrown) => {
    asked.then(giveBack, () => {});
    throw thrown;
  });
}

const close = (peer) => {
  if (!peer) return;
  peer.ontrack = peer.onconnectionstatechange = null;
  peer.close();
  peer.frame?.remove();
};

// Outside the body, which pages replace as a whole: a frame that is taken out of the document takes its connection along, and
// sound stops.
const put = (element) => document.documentElement.append(element);

// A connection of a window of its own, in Chromium and where the page may look into one: those of a sandbox without an origin are
// strangers to each other.
function connectionAfresh(settings) {
  const frame = document.createElement("iframe");
  try {
    if (!navigator.userAgentData) return;
    // No rule of the page's shows it, and no policy forbids this way of saying so.
    frame.style.cssText = "display:none!important";
    put(frame);
    return Object.assign(new frame.contentWindow.RTCPeerConnection(settings), { frame });
  } catch {
    frame.remove();
  }
}

/** Peer connection, microphone and loudspeaker of one call. */
export class Media {
  #peer;
  // The one before, until the new one is connected.
  #former;
  #settings;
  #stream;
  #audio;
  #tones;
  #told;
  #isClosed = false;
  #isMuted = false;
  #isHeld = false;
  // Ends what listens for gestures.
  #gone = new AbortController();
  // A description waits until the one before is applied: a connection refuses the second of two that come in one burst.
  #turns = new Turns();
  // The description of the last 183.
  #early = "";

  /**
   * Tells "connected" and "lost" of the audio's way, "unplugged" of the microphone, and "tone" with each that begins. It may be
   * closed while it opens.
   */
  constructor(told) { this.#told = told; }

  /** Asks for the microphone, as `need` says ("required", "optional", "none"), and opens a connection that sends it. */
  async open(iceServers, audio, need, input, output) {
    if (need !== "none") {
      const stream = await microphone(audio, input).catch((thrown) => {
        if (need !== "optional" || !["NotFoundError", "OverconstrainedError"].includes(thrown.name)) throw thrown;
      });
      this.#take(stream);
    }
    if (this.#isClosed) throw new DOMException("", "AbortError");
    this.#settings = Array.isArray(iceServers) ? { iceServers } : {};
    this.#audio = new Audio();
    this.#audio.autoplay = true;
    this.#audio.setAttribute("data-sautikit", "call");
    // Safari plays elements of the document only.
    put(this.#audio);
    // One that is gone by now leaves the system's choice.
    if (output) this.playOn(output).catch(() => {});
    this.#connect();
  }

  // By a connection that sends the microphone and is played.
  #connect(peer = new RTCPeerConnection(this.#settings)) {
    this.#peer = peer;
    this.#stream?.getAudioTracks().forEach((track) => peer.addTrack(track, this.#stream));
    // Open both ways all the same: a microphone that comes later needs no new description.
    if (!this.#stream) peer.addTransceiver("audio");
    peer.ontrack = ({ streams, track }) => this.#play(streams[0] ?? new MediaStream([track]));
    peer.onconnectionstatechange = () => {
      const told = { connected: "connected", disconnected: "lost", failed: "lost" }[peer.connectionState];
      // The one before may come back meanwhile: it goes all the same once the new one is there.
      if (!told || peer !== this.#peer) return;
      this.#told(told, "");
      if (told === "connected") this.#former = close(this.#former);
    };
    this.#tones = peer.getSenders().find(({ dtmf }) => dtmf)?.dtmf;
    if (this.#tones) this.#tones.ontonechange = ({ tone }) => this.#told("tone", tone);
    this.#direct();
  }

  // The stream is never copied: `clone()` makes new tracks, which nobody would stop.
  #take(stream) {
    giveBack(this.#stream);
    this.#stream = stream;
    if (this.#isClosed && stream) return this.#take(undefined);
    stream?.getTracks().forEach((track) => { track.onended = () => this.#told("unplugged", ""); });
    this.#quieten();
  }

  #quieten() {
    this.#stream?.getTracks().forEach((track) => { track.enabled = !this.#isMuted && !this.#isHeld; });
  }

  #play(stream) {
    this.#audio.srcObject = stream;
    this.#audio.play().catch(() => {
      // Held back by the autoplay policy: it starts at the next gesture.
      const listen = (gesture) => document.addEventListener(gesture, () => this.#audio.play().catch(() => {}), { signal: this.#gone.signal });
      if (!this.#isClosed) ["pointerdown", "keydown"].forEach(listen);
    });
  }

  #remote(type, sdp) { return this.#peer.setRemoteDescription({ type, sdp }); }

  // Without candidates: the gateway has one address that everybody reaches, so it waits for our checks and learns from them where
  // we are (RFC 8445 §2.5, §7.3.1.3). Nobody waits for what may be a silent STUN server or a network that the browser has not seen.
  async #describe(description) {
    const peer = this.#peer;
    await peer.setLocalDescription(description);
    return peer.localDescription.sdp;
  }

  /**
   * Our offer; in a call that stands `anew` looks for a new way, by a new connection: one that had a way asks
   * for another only twice a second, and first where it has asked before.
   */
  offer(anew) {
    return this.#turns.take(async () => {
      if (anew) {
        // Of two that are not connected the newer one is of no more use than the older.
        if (this.#former) close(this.#peer);
        this.#former ??= this.#peer;
        for (let windows = 1; !(await this.#connectAfresh()) && windows < MOST_WINDOWS; windows += 1) close(this.#peer);
      }
      return this.#describe(await this.#peer.createOffer());
    });
  }

  // False: it has no address to be reached by.
  async #connectAfresh() {
    if (this.#isClosed) throw new DOMException("", "AbortError");
    const peer = connectionAfresh(this.#settings);
    this.#connect(peer);
    if (!peer) return true;
    const found = new Promise((resolve) => { peer.onicecandidate = ({ candidate }) => candidate && resolve(true); });
    await peer.setLocalDescription();
    return within(ADDRESS_LIMIT_MS, found).catch(() => false);
  }

  /** Our offer came to nothing: the description before it counts again, or the connection. */
  rollBack() {
    return this.#turns.take(async () => {
      if (this.#peer.signalingState !== "have-local-offer") return;
      if (!this.#former) return this.#peer.setLocalDescription({ type: "rollback" });
      close(this.#peer);
      this.#peer = this.#former;
      this.#former = undefined;
    }).catch(() => {});
  }

  /** Our answer to the peer's offer. */
  answer(sdp) {
    return this.#turns.take(async () => {
      await this.#remote("offer", sdp);
      return this.#describe(await this.#peer.createAnswer());
    });
  }

  get #awaitsAnswer() { return ["have-local-offer", "have-remote-pranswer"].includes(this.#peer.signalingState); }

  /** The peer's answer in a 183: provisional, because the 2xx may say something else. A wrong one shows there. */
  acceptEarly(sdp) {
    this.#turns.take(async () => {
      if (!this.#awaitsAnswer) return;
      await this.#remote("pranswer", sdp);
      this.#early = sdp;
    }).catch(() => {});
  }

  /** The peer's answer in the 2xx; an empty one leaves it at what the 183 said. */
  acceptAnswer(sdp) {
    return this.#turns.take(async () => {
      if (this.#awaitsAnswer) await this.#remote("answer", sdp || this.#early);
    });
  }

  mute(isMuted) {
    this.#isMuted = isMuted;
    this.#quieten();
  }

  /**
   * Neither side hears the other. The far side goes on getting packets, of silence, so that nobody on the way takes the line for
   * dead; the next description says that we want none.
   */
  hold(isHeld) {
    this.#isHeld = isHeld;
    this.#audio.muted = isHeld;
    this.#direct();
    this.#quieten();
  }

  #direct() {
    for (const transceiver of this.#peer.getTransceivers()) transceiver.direction = this.#isHeld ? "sendonly" : "sendrecv";
  }

  get isListenOnly() { return !this.#stream; }

  #replace(track) { return Promise.all(this.#peer.getTransceivers().map(({ sender }) => sender.replaceTrack(track))); }

  /** Sends another microphone from here on, without the far side noticing; the one before is given back. */
  async speakInto(audio, input) {
    const stream = await microphone(audio, input);
    await this.#replace(stream.getAudioTracks()[0] ?? null).catch((thrown) => {
      giveBack(stream);
      throw thrown;
    });
    this.#take(stream);
  }

  /** The microphone is gone and there is no other. */
  async onlyListen() {
    await this.#replace(null).catch(() => {});
    this.#take(undefined);
  }

  /** Plays on another loudspeaker; the empty id is the system's own choice. */
  async playOn(id) {
    if (this.#audio.setSinkId) await this.#audio.setSinkId(id);
    else if (id) throw new Error("fixed");
  }

  /** Sends RFC 4733 events behind those that wait. False: the peer takes none (yet). */
  press(digits) {
    // Until the sound is connected, inserting throws.
    if (!this.#tones || this.#tones.canInsertDTMF === false) return false;
    // The browser's buffer is replaced, not extended.
    this.#tones.insertDTMF(this.#tones.toneBuffer + digits);
    return true;
  }

  /** The browser's own statistics; rejects when the connection is replaced meanwhile. */
  stats() { return within(STATS_LIMIT_MS, this.#peer.getStats()); }

  /** Names the newest packet that was played; 0 before the first. Looks whether the connection is still there, too. */
  get newest() {
    const peer = this.#peer;
    if (peer.connectionState !== "closed") return peer.getReceivers()[0]?.getSynchronizationSources()[0]?.rtpTimestamp ?? 0;
    // The page has removed its frame, of which no event tells.
    if (peer.frame) this.#told("lost", "");
    peer.frame?.remove();
    peer.frame = undefined;
    return 0;
  }

  /** The figures of the call, in the order of `Sample` (src/quality.rs); NaN for what the browser does not know. */
  async figures() {
    const stats = await this.stats();
    const of = {};
    for (const report of stats.values()) {
      const isAudio = report.kind !== "video";
      const isInUse = report.type !== "candidate-pair" || (report.nominated && report.state === "succeeded");
      if (isAudio && isInUse) of[report.type] = report;
    }
    const { "inbound-rtp": input = {}, "outbound-rtp": output = {}, "remote-inbound-rtp": far = {}, "media-source": source = {}, "candidate-pair": pair = {} } = of;
    const codec = stats.get(output.codecId ?? input.codecId)?.mimeType ?? "";
    return Float64Array.of(
      (far.roundTripTime ?? pair.currentRoundTripTime) * 1000, input.jitter * 1000, input.packetsReceived, input.packetsLost,
      output.packetsSent, far.fractionLost, source.audioLevel, input.audioLevel, source.totalAudioEnergy, source.totalSamplesDuration,
      /opus/i.test(codec));
  }

  /** Levels of microphone and loudspeaker of this moment, 0.0 to 1.0. */
  async levels() {
    const figures = await this.figures();
    return [figures[6], figures[7]].map((level) => (Number.isFinite(level) ? level : 0));
  }

  /** Gives the microphone back and forgets the browser's objects. Harmless when repeated. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#take(undefined);
    this.#gone.abort();
    close(this.#peer);
    close(this.#former);
    if (this.#tones) this.#tones.ontonechange = null;
    if (this.#audio) {
      this.#audio.srcObject = null;
      this.#audio.remove();
    }
  }
}

export const canChooseOutput = () => Boolean(globalThis.Audio?.prototype.setSinkId);

/** Microphones and loudspeakers. Browsers name them once the page may use the microphone. */
export async function listDevices() {
  const kinds = { audioinput: "input", audiooutput: "output" };
  const all = (await devices()?.enumerateDevices()) ?? [];
  return all.filter(({ kind }) => kinds[kind]).map(({ deviceId, kind, label }) => ({ id: deviceId, kind: kinds[kind], label }));
}

/**
 * Tells "devices" when some come or go, "offline" when there is no network, "wake" when there may be another one, "leaving" when
 * the page goes away. Returns what ends it.
 */
export function watchBrowser(told) {
  const doc = globalThis.document;
  const watched = [
    [devices(), "devicechange", () => told("devices")],
    [globalThis, "online", () => told("wake")],
    [globalThis, "offline", () => told("offline")],
    // It comes when a page is closed, reloaded or left by a link, and messages that are sent from it still go out.
    [globalThis, "pagehide", () => told("leaving")],
    [globalThis.navigator?.connection, "change", () => told("wake")],
    [doc, "visibilitychange", () => doc.visibilityState === "visible" && told("wake")],
  ];
  for (const [target, event, handler] of watched) target?.addEventListener?.(event, handler);
  return () => watched.forEach(([target, event, handler]) => target?.removeEventListener?.(event, handler));
}
