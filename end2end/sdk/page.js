// What every test of the SDK has: a gateway of its own, a page on it, and the browser's other end of the audio.
import { after, afterEach, before, beforeEach, test as unlimited } from "node:test";
import { launchBrowser } from "../support/browser.js";
import { startGateway } from "./gateway.js";

/** The longest test waits 40 s for a browser to notice that nothing arrives any more; what hangs shall fail alone, not with its file. */
const TEST_LIMIT_MS = 90_000;
/** Longest wait for sound. */
const SOUND_LIMIT_MS = 20_000;

export const test = (name, ...rest) => unlimited(name, { timeout: TEST_LIMIT_MS, ...(rest.length > 1 ? rest[0] : {}) }, rest.at(-1));

/** Registers the hooks; what is given is filled anew before each test. */
export function sdkPages() {
  const world = {};
  let browser;
  before(async () => { browser = await launchBrowser(); });
  after(() => browser?.close());
  beforeEach(async () => {
    world.gateway = await startGateway(process.env.SDK_DIST);
    world.context = await browser.newContext();
    await world.context.addInitScript(observeMicrophones);
    world.page = await world.context.newPage();
    world.problems = [];
    world.page.on("pageerror", (error) => world.problems.push(String(error)));
    await world.page.goto(world.gateway.url);
  });
  afterEach(async () => {
    await world.context.close();
    world.gateway.close();
  });

  /** Imports the SDK and makes a client with these options; `connect()` is the test's. */
  world.open = (options = {}) => world.page.evaluate(async (options) => {
    window.sdk = await import("/index.esm.js");
    window.client = new sdk.SautikitClient({ tokenUrl: "/api/sip-token", ...options });
    window.log = [];
    window.heard = [];
    for (const event of ["registered", "unregistered", "reconnecting", "reconnected", "error"]) client.on(event, () => heard.push(event));
    window.note = (call) => ["ringing", "answered", "failed", "ended"].forEach((event) => call.on(event, (info) => log.push(info ? { event, ...info } : { event })));
    // How a promise ends, and after how long.
    window.outcome = (promise) => {
      const since = performance.now();
      const told = (text) => ({ text, seconds: (performance.now() - since) / 1000 });
      return promise.then(() => told("resolved"), (error) => told(error.code ?? String(error)));
    };
  }, options);

  world.connect = async (options) => {
    await world.open(options);
    await world.page.evaluate(() => client.connect());
  };

  /** Waits for an event of the call that `note` follows. */
  world.logged = async (event) => {
    const handle = await world.page.waitForFunction((event) => log.find((entry) => entry.event === event), event);
    return handle.jsonValue();
  };

  /** The other end's audio: the page's own second peer connection answers `sdp`, or offers without one. */
  world.farEnd = (sdp) => world.page.evaluate(async (sdp) => {
    const peer = (window.far = window.farPeer?.() ?? new RTCPeerConnection());
    window.fars = [...(window.fars ?? []).filter(({ signalingState }) => signalingState !== "closed"), peer];
    // Chromium measures no sound that nobody plays.
    peer.addEventListener("track", ({ track }) => {
      peer.loudspeaker = new Audio();
      peer.loudspeaker.srcObject = new MediaStream([track]);
      peer.loudspeaker.play();
    });
    const context = new AudioContext();
    const sound = context.createMediaStreamDestination();
    const tone = context.createOscillator();
    tone.connect(sound);
    tone.start();
    sound.stream.getTracks().forEach((track) => peer.addTrack(track, sound.stream));
    const gathered = () => new Promise((resolve) => {
      const look = () => peer.iceGatheringState === "complete" && resolve(peer.localDescription.sdp);
      peer.onicegatheringstatechange = look;
      look();
    });
    if (sdp) {
      await peer.setRemoteDescription({ type: "offer", sdp });
      await peer.setLocalDescription(await peer.createAnswer());
    } else {
      await peer.setLocalDescription(await peer.createOffer());
    }
    return gathered();
  }, sdp);

  /** The other end of that call answers another offer of it: of several calls the one whose session it is (RFC 4566 §5.2). */
  world.farAgain = (sdp) => world.page.evaluate(async (sdp) => {
    const session = (text) => /^o=\S+ (\S+)/m.exec(text)?.[1];
    const peer = fars.find(({ remoteDescription }) => remoteDescription && session(remoteDescription.sdp) === session(sdp)) ?? far;
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription(await peer.createAnswer());
    return peer.localDescription.sdp;
  }, sdp);

  /** Answers every INVITE as a telephone does that is picked up at once; `again(request, reply)` answers those of a call that stands. */
  world.answering = (again = async (request, reply) => reply(200, {}, await world.farAgain(request.body))) => {
    world.gateway.onRequest = async (request, reply) => {
      if (request.method !== "INVITE") return reply(200);
      if (/;tag=/.test(request.header("To"))) return again(request, reply);
      return reply(200, {}, await world.farEnd(request.body));
    };
  };

  /** Calls, and notes every event of the call in `log`. */
  world.talk = async (options) => {
    await world.page.evaluate(async (options) => {
      window.call = await client.call("+254700000001", options);
      note(call);
      const more = ["muted", "held", "reconnecting", "reconnected", "quality", "warning", "warning-cleared"];
      more.forEach((event) => call.on(event, (info) => log.push({ event, ...info })));
    }, options);
    await world.logged("answered");
    await world.page.waitForFunction(() => far.connectionState === "connected");
  };

  /** Waits until this figure of what the peer connection receives has grown by more than `least`. */
  const grows = (who, figure, least) => world.page.evaluate(async ([who, figure, least, limit]) => {
    const now = async () => [...(await (who === "far" ? far : call).getStats()).values()].find(({ type }) => type === "inbound-rtp")?.[figure] ?? 0;
    const [before, late] = [await now(), performance.now() + limit];
    for (let is = before; is <= before + least; is = await now()) {
      if (performance.now() > late) throw new Error(`${figure} of ${who} stays at ${is}, it was ${before}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, [who, figure, least, SOUND_LIMIT_MS]);

  /** Waits until the call has heard something new. */
  world.hears = () => grows("call", "packetsReceived", 5);

  /** Waits until the other end has heard something new that is no silence. */
  world.isHeard = () => grows("far", "totalAudioEnergy", 1e-4);

  /** Tracks of every microphone stream that this page has ever had, copies included, which still record. */
  world.openTracks = () => world.page.evaluate(() => window.microphones.filter((track) => track.readyState === "live").length);
  return world;
}

/** Runs in the page before anything else. */
function observeMicrophones() {
  window.microphones = [];
  const keep = (stream) => {
    window.microphones.push(...stream.getTracks());
    return stream;
  };
  const real = MediaDevices.prototype.getUserMedia;
  // `window.beforeMicrophone` may hold the browser's question open.
  MediaDevices.prototype.getUserMedia = async function (constraints) {
    await window.beforeMicrophone?.();
    return keep(await real.call(this, constraints));
  };
  const copy = MediaStream.prototype.clone;
  MediaStream.prototype.clone = function () { return keep(copy.call(this)); };
}

/** An INVITE that the gateway sends, and the requests that follow it. */
export function incoming(gateway, name) {
  const lines = (method, number, to) => [`${method} sip:browser.invalid SIP/2.0`, `Via: SIP/2.0/WS gateway.invalid;branch=z9hG4bK${name}${number}`,
    "Max-Forwards: 70", "From: <sip:+254711000001@gateway.invalid>;tag=far", `To: ${to}`, `Call-ID: ${name}`, `CSeq: ${number} ${method}`, "Contact: <sip:gateway.invalid;transport=ws>"];
  const send = (head, body = "") => gateway.send([...head, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`, "", body].join("\r\n"));
  return {
    invite: (offer) => send(lines("INVITE", 1, "<sip:asha@gateway.invalid>"), offer),
    cancel: () => send(lines("CANCEL", 1, "<sip:asha@gateway.invalid>")),
    ack: (to) => send(lines("ACK", 1, to)),
    bye: (to, more = []) => send([...lines("BYE", 2, to), ...more]),
  };
}
