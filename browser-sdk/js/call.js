// One call: what the page may do with it and what happens to it. Its states, times and judgements are in Rust (`CallLife`).

import { Media } from "./edge.js";
import { Events } from "./events.js";
import { fault, mediaFault, microphoneFault } from "./faults.js";
import { CallLife, endedByUs, forTheWire, transferProgress } from "./sautikit.js";
import { Call } from "./shown.js";
import { Deferred, Ending, Turns, sleep, within } from "./waiting.js";

// SIP statuses that say why we end a call.
export const DECLINE = 603;
export const UNAVAILABLE = 480;
const BUSY = 486;
const NOT_ACCEPTABLE = 488;
const TIMED_OUT = 408;
/** The end of a call that the network took. */
export const LOST = [{ reason: "networkLost", code: TIMED_OUT, error: undefined }, true];
const PENDING = 491;

// Tries of one change before it counts as refused.
const MOST_TRIES = 5;
// Wait when another offer is under way: its answer takes a round trip.
const BUSY_MS = 250;
// A new way that is not there by now is looked for again: ICE and DTLS take two round trips each.
const MEND_MS = 3_000;
// The server gives a lost call up after 30 s; by now it has.
const LOST_LIMIT_MS = 35_000;
// Between two readings of the quality: long enough to hear a sentence, short enough to act.
const QUALITY_MS = 5_000;
// Between two looks at what comes in: some ten packets.
const LOOK_MS = 200;
// Between two `audiolevel` events: a meter that moves.
const LEVEL_MS = 200;
// The event that costs something only while somebody listens.
const LEVEL = "audiolevel";
// Where a page's other requests leave too little for 50 packets a second each way; Chromium alone tells.
const NARROW_MBITS = 0.25;
// Digits that RFC 4733 knows, and the pause of RTCDTMFSender.
const DIGITS = /^[\d*#ABCDabcd,]+$/;

const wrong = () => fault("call.wrong_state");
const described = (promise) => promise.then((sdp) => forTheWire(sdp, navigator.connection?.downlink < NARROW_MBITS), (thrown) => { throw mediaFault(thrown); });
const applied = (promise) => promise.catch((thrown) => { throw mediaFault(thrown); });

/** A call as the client knows it. */
export class Line {
  serverId;
  media;
  /** The description in an INVITE that waits for our answer. */
  offered;
  isMuted = false;
  isHeld = false;
  /** It rings while another call is up. */
  isWaiting = false;
  events = new Events();
  /** Whatever waits for the browser on behalf of the call waits for this too. */
  ending = new Ending(wrong);
  /** What the page holds for it: the same one every time it asks. */
  shown = new Call(this);
  #client;
  #audio;
  // Of our offers in the established call, one at a time, and the one that waits for its answer.
  #turns = new Turns();
  #offering;
  #mendDue;
  // Fires when what is lost does not come back.
  #givenUp;
  // Who waits for the answer to a REFER.
  #transferring;
  #isMetering = false;
  // Settles when the end that this page wanted is told.
  #parted;
  // The seconds that the gateway has counted.
  #counted;
  // Who waits for digits, by the number that `CallLife` knows them by.
  #pressed = [];

  /** `session` names it at the phone: none until the INVITE is on its way, the microphone is asked for first. */
  constructor(client, { session, isIncoming = false, left, from, to, customHeaders }) {
    Object.assign(this, { session, isIncoming, from, to, customHeaders: customHeaders ?? {} });
    this.#client = client;
    this.id = client.phone.name();
    this.life = left ? CallLife.left(left.talkedMs, left.awayMs) : new CallLife(isIncoming);
  }

  get state() { return this.life.state; }

  get durationSeconds() { return this.#counted ?? this.life.durationSeconds; }

  get isActive() { return this.state === "active"; }

  // 180 or 183; with a description it is early media (announcements, ringback of the network).
  onRinging(sdp) {
    if (this.life.ring()) this.events.emit("ringing");
    if (sdp) this.media?.acceptEarly(sdp);
  }

  // The 200 to our INVITE.
  async onAnswered(sdp) {
    const at = performance.now();
    try {
      await this.ending.unless(applied(this.media.acceptAnswer(sdp)));
      this.#nowActive(at);
    } catch {
      this.giveUp(NOT_ACCEPTABLE);
    }
  }

  // Answered `at`, which the browser may need a moment to act on.
  #nowActive(at) {
    if (!this.life.answer(at)) return;
    this.isWaiting = false;
    this.events.emit("answered");
    this.#watch();
  }

  /** Always the last thing that happens. `seconds`: what the gateway has counted, where it said so. */
  onEnded(end, seconds) {
    if (!this.life.end()) return;
    this.#release();
    this.#tellEnd(end, seconds);
  }

  #tellEnd([ended, isFailure], seconds) {
    if (seconds) this.#counted = Number(seconds);
    const told = { ...ended, durationSeconds: this.durationSeconds };
    if (isFailure) this.events.emit("failed", told);
    this.events.emit("ended", told);
  }

  // Gives the microphone back and ends whatever waits.
  #release() {
    this.media?.close();
    this.media = this.offered = undefined;
    clearTimeout(this.#givenUp);
    this.#pressed.forEach(({ reject }) => reject(wrong()));
    this.ending.end();
  }

  /** Answers an incoming call. What is up meanwhile is held, unless the options say otherwise. */
  async accept(options) {
    if (!this.life.accept()) throw wrong();
    const { offered } = this;
    this.offered = undefined;
    this.#client.makeWay(this, options);
    let answer;
    try {
      await this.openMedia(options);
      answer = await this.ending.unless(described(this.media.answer(offered)));
    } catch (thrown) {
      // Other devices of the same number may still be picked up.
      this.giveUp(UNAVAILABLE);
      throw thrown;
    }
    if (!this.#client.answer(this.session, 200, answer)) throw wrong();
    this.#nowActive(performance.now());
  }

  /** Microphone, connection and loudspeaker, as the call's own options and the client's want them. */
  async openMedia(options) {
    const client = this.#client;
    this.#audio = client.option(options, "audio");
    const media = new Media((what, tone) => this.#onMedia(what, tone));
    const opened = media.open(client.iceServers, this.#audio, client.option(options, "microphone"), client.input, client.output);
    try {
      await this.ending.unless(opened);
    } catch (thrown) {
      media.close();
      throw this.ending.isOver ? thrown : microphoneFault(thrown);
    }
    media.mute(this.isMuted);
    this.media = media;
  }

  /** Our first offer. */
  describe() { return described(this.media.offer(false)); }

  #onMedia(what, tone) {
    if (this.ending.isOver) return;
    if (what === "tone") this.#settle(this.life.tone(tone));
    else if (what === "unplugged") this.#onUnplugged();
    else this.#onAudio(what === "connected");
  }

  // The other side offers again (hold, ICE restart, a transfer on its side).
  async onOffer(sdp) {
    if (!this.isActive) return this.#client.answer(this.session, NOT_ACCEPTABLE);
    let answer;
    try {
      answer = await this.ending.unless(described(this.media.answer(sdp)));
    } catch {
      // Refused below, unless the call has ended meanwhile.
    }
    this.#client.answer(this.session, answer ? 200 : NOT_ACCEPTABLE, answer);
  }

  /**
   * Ends the call in whatever way its state allows. The microphone is free at once; `ended`, and what this gives, waits for the
   * seconds that the gateway has counted, unless the page is about to go.
   */
  giveUp(status, isLeaving) {
    const { state, isActive } = this;
    if (state === "ended") return this.#parted;
    const counted = this.#leave(status);
    const end = endedByUs(state, status);
    if (!isActive || isLeaving) return this.onEnded(end);
    this.life.end();
    this.#release();
    return (this.#parted = counted.then((seconds) => this.#tellEnd(end, seconds)));
  }

  /** The network did not come back, or the call is not known any more. */
  lose() {
    this.#leave(TIMED_OUT);
    this.onEnded(LOST);
  }

  /** It never got on its way, which the promise of `client.call()` tells: no event. */
  abandon() {
    this.#client.forget(this);
    if (this.life.end()) this.#release();
  }

  #leave(status) {
    this.#client.forget(this);
    if (this.session !== undefined) return this.#client.hangUp(this.session, status);
  }

  mute(isMuted) {
    this.media?.mute(isMuted);
    if (this.isMuted === isMuted) return;
    this.isMuted = isMuted;
    this.events.emit("muted", { muted: isMuted });
  }

  // Settles when the last of the digits has gone.
  sendDtmf(digits) {
    if (typeof digits !== "string" || !DIGITS.test(digits)) return Promise.reject(fault("call.digits_invalid"));
    if (!this.isActive || !this.media?.press(digits)) return Promise.reject(wrong());
    const done = Object.assign(new Deferred(), { last: this.life.press(digits.length) });
    this.#pressed.push(done);
    return done.promise;
  }

  // Tones up to this one have gone.
  #settle(gone) {
    this.#pressed.filter(({ last }) => last <= gone).forEach(({ resolve }) => resolve());
    this.#pressed = this.#pressed.filter(({ last }) => last > gone);
  }

  async stats() {
    if (!this.media) throw wrong();
    return this.media.stats().catch(() => { throw wrong(); });
  }

  /** Hangs up. */
  decline() { return this.giveUp(DECLINE); }

  reject(reason) { this.giveUp({ busy: BUSY, unavailable: UNAVAILABLE }[reason] ?? DECLINE); }

  /** Puts the call on hold or takes it off. Silent at once; settles when the gateway has agreed. */
  async hold(isHeld) {
    if (!this.media || !this.isActive) throw wrong();
    if (this.isHeld === isHeld) return;
    const { media } = this;
    this.isHeld = isHeld;
    media.hold(isHeld);
    try {
      await this.offerAnew(false);
      this.events.emit("held", { held: isHeld });
    } catch (thrown) {
      // Unless somebody has changed it meanwhile.
      if (this.isHeld === isHeld && !this.ending.isOver) media.hold(this.isHeld = !isHeld);
      throw thrown;
    }
  }

  /** Offers the session as it is to be now; with `restart` over a new way. */
  offerAnew(restart) {
    return this.ending.unless(this.#turns.take(async () => {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const wait = await this.ending.unless(this.#offerOnce(restart));
        if (wait === undefined) return;
        await this.ending.unless(sleep(wait));
      }
      throw fault("call.change_refused", PENDING);
    }));
  }

  // Gives the wait before the next try when both sides offered at once.
  async #offerOnce(restart) {
    const { media } = this;
    if (!media) throw wrong();
    const sdp = await described(media.offer(restart));
    if (this.ending.isOver) return undefined;
    const offering = this.#offering = new Deferred();
    const refused = this.#client.offer(this.session, sdp);
    const outcome = refused === undefined ? await this.ending.unless(offering.promise) : { status: refused };
    this.#offering = undefined;
    if (outcome.sdp) return applied(media.acceptAnswer(outcome.sdp)).then(() => undefined);
    await media.rollBack();
    if (outcome.retryIn !== undefined) return outcome.retryIn;
    // Another offer is open here.
    if (refused === PENDING) return BUSY_MS;
    throw refused === 0 ? wrong() : fault("call.change_refused", outcome.status ?? NOT_ACCEPTABLE);
  }

  // What became of an offer: `sdp` is its answer, `status` why it was refused, `retryIn` when both sides offered at once.
  onOutcome(outcome) { this.#offering?.resolve(outcome); }

  // The audio's way is there, or gone: then another one is looked for.
  #onAudio(isUp) {
    if (!this.isActive) return;
    this.#tellLifeline(this.life.audio(isUp));
    if (!isUp) this.mend();
  }

  /** The audio's way is another one now, whatever the browser says: until it has found that, nothing is heard. */
  onMoved() {
    if (this.isActive) this.#tellLifeline(this.life.audio(false));
  }

  /** The connection to the gateway is there, or gone. */
  onGateway(isUp) {
    if (this.isActive) this.#tellLifeline(this.life.gateway(isUp));
  }

  // A gap in milliseconds, negative when it begins.
  #tellLifeline(gapMs) {
    if (gapMs === undefined) return;
    clearTimeout(this.#givenUp);
    if (gapMs < 0) {
      this.#givenUp = setTimeout(() => this.lose(), LOST_LIMIT_MS);
      this.events.emit("reconnecting");
    } else {
      this.events.emit("reconnected", { gapMs });
    }
  }

  /**
   * Looks for a new way for the audio until there is one. Through the gateway only: while that is away nothing is done, and its
   * return begins anew.
   */
  async mend() {
    if (!this.isActive) return;
    this.#mendDue?.resolve();
    if (this.#mendDue) return;
    while (!this.ending.isOver && this.#client.state === "registered") {
      const due = this.#mendDue = new Deferred();
      // Refused, or lost with the connection: the next round tries again.
      await this.offerAnew(true).catch(() => {});
      const isDue = await within(MEND_MS, due.promise.then(() => true)).catch(() => false);
      if (!isDue && this.life.isHeard) break;
    }
    this.#mendDue = undefined;
  }

  /** Goes on with a call that another page left. */
  async resume() {
    this.#tellLifeline(-1);
    try {
      await this.openMedia({});
      await this.offerAnew(false);
      this.onGateway(true);
      this.#watch();
    } catch (thrown) {
      if (this.ending.isOver) return;
      this.#client.events.emit("error", thrown);
      this.lose();
    }
  }

  /** What the next page needs to go on with it; none of a call that does not stand. */
  get record() {
    const dialog = this.isActive ? this.#client.phone.record(this.session) : undefined;
    const { serverId: callId, isIncoming: incoming, from, to, isMuted: muted } = this;
    return dialog && { dialog, callId, incoming, from, to, muted, talkedMs: this.life.talkedMs };
  }

  /** Has the gateway connect the other side with somebody else; settles when it has agreed. */
  async transfer(to) {
    if (!this.isActive) throw wrong();
    const address = this.#client.transferTarget(to);
    if (!address) throw fault("call.destination_invalid");
    // One at a time, as the gateway has it too: a NOTIFY does not say of which it tells.
    if (this.#transferring) throw wrong();
    const agreed = this.#transferring = new Deferred();
    if (!this.#client.refer(this.session, address)) {
      this.#transferring = undefined;
      throw wrong();
    }
    await this.ending.unless(agreed.promise);
  }

  // The answer to our REFER.
  onReferAnswered(status) {
    const agreed = this.#transferring;
    this.#transferring = undefined;
    if (status < 300) agreed?.resolve();
    else agreed?.reject(fault("call.change_refused", status));
  }

  // A NOTIFY of the transfer.
  onNotified(sipfrag) {
    const [state, code] = transferProgress(sipfrag) ?? [];
    if (!state) return;
    this.events.emit("transfer", { state, code });
    // Whoever hands a call over leaves it (RFC 5589 §6.1).
    if (state === "done") this.giveUp(DECLINE);
  }

  /** Speaks into the microphone that the page has chosen by now. */
  changeMicrophone() {
    return this.media.speakInto(this.#audio, this.#client.input).catch((thrown) => { throw microphoneFault(thrown); });
  }

  // Goes over to the system's choice, and only listens when there is no other microphone.
  async #onUnplugged() {
    this.#client.devices.input = undefined;
    await this.changeMicrophone().catch(() => this.media?.onlyListen());
    if (!this.ending.isOver) await this.#client.devices.onChange("input");
  }

  // From the answer to the end.
  #watch() {
    this.#watchQuality();
    this.#watchPackets();
  }

  // Asks for the gateway when they stop.
  async #watchPackets() {
    for (; !this.ending.isOver; await sleep(LOOK_MS)) {
      if (this.media && this.life.look(this.media.newest) && this.life.isWhole) this.#client.onWayChanged(false);
    }
  }

  async #watchQuality() {
    while (!this.ending.isOver) {
      const { media } = this;
      // While the call hangs there is nothing to measure, and `reconnecting` says so.
      const figures = media && this.life.isWhole ? await media.figures().catch(() => {}) : undefined;
      if (this.ending.isOver) return;
      if (figures) this.#tellQuality(this.life.read(figures, this.isMuted || media.isListenOnly, this.isHeld));
      await sleep(QUALITY_MS);
    }
  }

  #tellQuality(told) {
    if (!told) return;
    const { warnings, ...reading } = told;
    this.events.emitLive("quality", reading);
    for (const { name, value } of warnings) {
      if (value === undefined) this.events.emit("warning-cleared", { name });
      else this.events.emit("warning", { name, value });
    }
  }

  /** Reads the levels as long as somebody listens to them. */
  async watchLevels(event) {
    if (event !== LEVEL || this.#isMetering) return;
    this.#isMetering = true;
    while (!this.ending.isOver && this.events.has(LEVEL)) {
      const [input, output] = (await this.media?.levels().catch(() => {})) ?? [];
      if (input !== undefined && !this.ending.isOver) this.events.emitLive(LEVEL, { input, output });
      await sleep(LEVEL_MS);
    }
    this.#isMetering = false;
  }
}
