// What the WASM asks of the browser where JavaScript says it shorter than bindings would: values in, values out, and no
// rule. What decides is in Rust (browser-sdk/src), on numbers and plain values from here.

const devices = () => globalThis.navigator?.mediaDevices;

/** The figures of a call, in the order of `Sample` (src/quality.rs); NaN for what the browser does not know. */
export async function figures(peer) {
  const stats = await peer.getStats();
  const of = {};
  for (const report of stats.values()) {
    const isAudio = report.kind === undefined || report.kind === "audio";
    const isInUse = report.type !== "candidate-pair" || (report.nominated && report.state === "succeeded");
    if (isAudio && isInUse) of[report.type] = report;
  }
  const { "inbound-rtp": input = {}, "outbound-rtp": output = {}, "remote-inbound-rtp": far = {}, "media-source": source = {}, "candidate-pair": pair = {} } = of;
  const codec = stats.get(output.codecId ?? input.codecId)?.mimeType ?? "";
  return Float64Array.of(
    (far.roundTripTime ?? pair.currentRoundTripTime) * 1000, input.jitter * 1000, input.packetsReceived, input.packetsLost,
    output.packetsSent, far.fractionLost, source.audioLevel, input.audioLevel, source.totalAudioEnergy, source.totalSamplesDuration,
    Number(/opus/i.test(codec)));
}

/** The connection's next offer. */
export const offer = (peer, iceRestart) => peer.createOffer({ iceRestart });

/** Undoes an offer that came to nothing. */
export const rollback = (peer) => (peer.signalingState === "have-local-offer" ? peer.setLocalDescription({ type: "rollback" }) : Promise.resolve());

/** Who may send from the next description on: "sendrecv" or "sendonly". */
export function setDirection(peer, direction) {
  for (const transceiver of peer.getTransceivers()) transceiver.direction = direction;
}

/** Sends another track, or none, without the far side noticing. */
export const replaceTrack = (peer, track) => Promise.all(peer.getTransceivers().map(({ sender }) => sender.replaceTrack(track ?? null)));

/** Tells each state of the connection. */
export function watchPeer(peer, told) {
  peer.onconnectionstatechange = () => told(peer.connectionState);
}

/** Plays on another loudspeaker; the empty id is the system's own choice. */
export const playOn = (audio, id) => (audio.setSinkId ? audio.setSinkId(id) : id ? Promise.reject(new Error("fixed")) : Promise.resolve());

export const canChooseOutput = () => "setSinkId" in (globalThis.HTMLMediaElement?.prototype ?? {});

/** Microphones and loudspeakers. Browsers name them once the page may use the microphone. */
export async function listDevices() {
  const kinds = { audioinput: "input", audiooutput: "output" };
  const all = (await devices()?.enumerateDevices()) ?? [];
  return all.filter(({ kind }) => kinds[kind]).map(({ deviceId, kind, label }) => ({ id: deviceId, kind: kinds[kind], label }));
}

/**
 * Tells "devices" when some come or go, "network" when the way to the gateway is another one for certain, "wake" when it may
 * be. Returns what ends it.
 */
export function watchBrowser(told) {
  const doc = globalThis.document;
  const watched = [
    [devices(), "devicechange", () => told("devices")],
    [globalThis, "online", () => told("network")],
    [globalThis.navigator?.connection, "change", () => told("wake")],
    [doc, "visibilitychange", () => doc.visibilityState === "visible" && told("wake")],
  ];
  for (const [target, event, handler] of watched) target?.addEventListener?.(event, handler);
  return () => watched.forEach(([target, event, handler]) => target?.removeEventListener?.(event, handler));
}

const KEPT = "sautikit.calls";

/** Leaves text for the page that this tab loads next, or when `shared` for any other tab. */
export function keep(text, shared) {
  try {
    (shared ? localStorage : sessionStorage).setItem(KEPT, text);
  } catch {
    // Storage is full or forbidden: the call is lost with the page.
  }
}

/** Takes what the page before left. */
export function take(shared) {
  try {
    const storage = shared ? localStorage : sessionStorage;
    const text = storage.getItem(KEPT);
    storage.removeItem(KEPT);
    return text ?? undefined;
  } catch {
    return undefined;
  }
}
