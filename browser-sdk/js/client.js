// The client behind SautikitClient: token, connection, registration and calls. SIP, times and judgements are in Rust.
//
// What is imported here is one file in a release (xtask bundles it): what else loads of it is exported.

import { DECLINE, LOST, Line, UNAVAILABLE } from "./call.js";
import { Devices } from "./devices.js";
import { listDevices, watchBrowser } from "./edge.js";
import { Events } from "./events.js";
import { fault, useErrorClass } from "./faults.js";
import { keep, takeKept } from "./kept.js";
import { orderOf } from "./order.js";
import { Pulse } from "./pulse.js";
import { Registration } from "./registration.js";
import begin, { Phone, backoffMs, expectedMos, shown, target } from "./sautikit.js";
import { Deferred, Ending, within } from "./waiting.js";

export { Events, begin, listDevices, useErrorClass };

// A socket that is not open by now will not be: proxies that swallow the upgrade say nothing at all.
const OPEN_LIMIT_MS = 10_000;
// Who hangs up waits no longer for the seconds that the gateway has counted.
const PARTING_LIMIT_MS = 1_000;

/**
 * disconnected ── connect() ──► connecting ──► registered ◄──► reconnecting
 *      ▲                            │              │                │
 *      └──────── refused ───────────┴─ disconnect()┴────────────────┘
 */
export class Core {
  static expectedMos = expectedMos;

  state = "disconnected";
  events = new Events();
  phone = new Phone();
  devices = new Devices(this);
  /** The loop of `#reconnect` runs. */
  isReconnecting = false;
  #options;
  #registration;
  #socket;
  #lines = [];
  // A call is between its first step and its INVITE.
  #isPlacing = false;
  #due;
  #alarm;
  // Ends whatever connects or reconnects.
  #ending;
  // The way to the gateway is another one since the last connection.
  #hasMoved = false;
  // Cuts the wait before the next attempt to connect short.
  #hurry;
  // Who waits for the end of a call that it has hung up.
  #partings = new Map();
  #pulse = new Pulse((text) => this.#send(text), () => this.onWayChanged(false));

  /** Reads the options lazily; they belong to the page. */
  constructor(options) {
    this.#options = options;
    this.#registration = new Registration(this, options);
    // A client that nobody holds any more is not held by what it watches.
    const client = new WeakRef(this);
    const stop = watchBrowser((what) => {
      const core = client.deref();
      if (core) core.#onBrowser(what);
      else stop();
    });
  }

  get #session() { return this.#registration.session; }

  get identity() { return this.#session?.identity ?? ""; }

  get domain() { return this.#session?.domain ?? ""; }

  get input() { return this.devices.input; }

  get output() { return this.devices.output; }

  setInput(id) { return this.devices.setInput(id); }

  setOutput(id) { return this.devices.setOutput(id); }

  get calls() { return this.#lines.map((line) => line.shown); }

  on(event, handler, once) { return this.events.on(event, handler, once); }

  off(event, handler) { this.events.off(event, handler); }

  /** The page's ICE servers, else the ones that came with the token. */
  get iceServers() { return this.#options.iceServers ?? this.#session?.iceServers; }

  /** An option of a call: its own before the client's. */
  option(ofCall, name) { return ofCall?.[name] ?? this.#options[name]; }

  // ── the phone ──

  /**
   * Tells what the phone has to tell and sets its alarm. Called after everything that touched it; handlers of the page may call
   * back into the client from here.
   */
  pump() {
    for (let told; (told = this.phone.poll());) this.#told(...told);
    const due = this.phone.nextTimeout();
    if (due === this.#due) return;
    clearTimeout(this.#alarm);
    this.#due = due;
    if (due === undefined) return;
    this.#alarm = setTimeout(() => {
      this.#due = undefined;
      this.phone.timeout();
      this.pump();
    }, Math.max(0, due - performance.now()));
  }

  #told(what, id, told, more) {
    if (what === "registered") return this.#registration.onRegistered(id, told);
    if (what === "registrationFailed") return this.#registration.onFailed(id, told);
    if (what === "incoming") return this.#onInvite(id, told, more);
    if (what === "ended") this.#partings.get(id)?.resolve(more);
    const line = this.#lines.find(({ session }) => session === id);
    switch (line && what) {
      case "ringing":
      case "answered":
        line.serverId = more || line.serverId;
        if (what === "ringing") line.onRinging(told);
        else line.onAnswered(told);
        break;
      case "ended":
        this.forget(line);
        line.onEnded(told, more);
        break;
      case "outcome":
        line.onOutcome(told);
        break;
      case "offered":
        line.onOffer(told);
        break;
      case "notified":
        line.onNotified(told);
        break;
      case "referAnswered":
        line.onReferAnswered(told);
        break;
      case "disconnected":
        this.#onCallDisconnected(line);
        break;
      default:
        // Nobody is there any more to answer.
        if (what === "offered") this.answer(id, 488);
    }
  }

  #onInvite(session, { from, sdp, customHeaders }, serverId) {
    if (this.state === "disconnected") return this.answer(session, UNAVAILABLE);
    const isBusy = this.#lines.some((line) => line.isActive);
    if (isBusy && this.#options.callWaiting === false) return this.answer(session, 486);
    const line = this.#file({ session, isIncoming: true, from, to: this.identity, customHeaders });
    Object.assign(line, { isWaiting: isBusy, serverId: serverId || undefined, offered: sdp });
    this.answer(session, 180);
    this.events.emit("incoming", line.shown);
  }

  // The connection is gone. A call that is up has a path of its own for its audio and moves to the next connection; one that only
  // rings here can no longer be answered, nor would we hear of its end.
  #onCallDisconnected(line) {
    line.onGateway(false);
    if (!["incoming", "accepting"].includes(line.state)) return;
    this.forget(line);
    this.hangUp(line.session, UNAVAILABLE);
    line.onEnded(LOST);
  }

  /** Answers what the other side asks in a call; false: it asks nothing (any more). */
  answer(session, status, sdp) {
    const done = this.phone.answer(session, status, sdp);
    this.pump();
    return done;
  }

  /** Ends a call; settles with the seconds that the gateway has counted, where it says so in time. */
  async hangUp(session, status) {
    const parting = new Deferred();
    this.#partings.set(session, parting);
    this.phone.hangUp(session, status);
    this.pump();
    const seconds = await within(PARTING_LIMIT_MS, parting.promise).catch(() => {});
    this.#partings.delete(session);
    return seconds;
  }

  /** Offers anew; gives a status when that cannot be done now, 0 when the call does not stand. */
  offer(session, sdp) {
    const refused = this.phone.offer(session, sdp);
    this.pump();
    return refused;
  }

  /** Where a call is handed over to: whom another call of ours is with, or a destination; none when it is neither. */
  transferTarget(to) {
    const line = this.#lines.find(({ id }) => id === to?.id);
    if (!line) return target(typeof to === "string" ? to : "", this.domain);
    const [address, dialog] = this.phone.replaces(line.session)?.split("\n") ?? [];
    return address && `${address}?Replaces=${encodeURIComponent(dialog)}`;
  }

  /** Asks for a transfer; false: the call does not stand. */
  refer(session, address) {
    const isAsked = this.phone.refer(session, address);
    this.pump();
    return isAsked;
  }

  // ── connection ──

  /** Token, socket, registration. */
  async connect() {
    if (this.state !== "disconnected") return;
    // Of a client that has only just disconnected.
    if (this.#socket) this.#hangSocketUp();
    this.state = "connecting";
    const ending = this.#begin();
    try {
      await this.#establish(ending);
    } catch (thrown) {
      // Disconnected meanwhile; perhaps it connects anew by now, so that nothing here is ours to close.
      if (!ending.isOver) {
        this.#forget();
        this.#hangSocketUp();
      }
      throw thrown;
    }
    this.setRegistered();
    this.#resumeCalls();
  }

  #begin() { return (this.#ending = new Ending(() => fault("client.not_connected"))); }

  async #establish(ending) {
    await this.#registration.haveToken(ending, this.state === "reconnecting");
    await this.#openSocket(ending);
    await this.#registration.register(ending);
  }

  get isUp() { return ["registered", "reconnecting"].includes(this.state); }

  setRegistered() {
    this.state = "registered";
    this.#pulse.beat();
    this.events.emit("registered", { identity: this.identity });
  }

  /** The page is told that nobody can ring here, once. */
  setUnregistered() {
    if (this.state !== "registered") return;
    this.state = "reconnecting";
    this.events.emit("unregistered");
  }

  async #openSocket(ending) {
    const opened = new Deferred();
    const refused = () => fault("gateway.unreachable");
    let socket;
    try {
      socket = new WebSocket(this.#session.gateway, "sip");
    } catch {
      throw refused();
    }
    socket.onopen = opened.resolve;
    // A page's security policy that forbids the socket makes an error, and not every browser a close after it.
    socket.onerror = () => opened.reject(refused());
    socket.onclose = () => {
      opened.reject(refused());
      this.#onClosed(socket);
    };
    socket.onmessage = ({ data }) => {
      this.#pulse.felt();
      if (typeof data === "string") this.phone.receive(data);
      this.pump();
    };
    this.#dropSocket();
    this.#socket = socket;
    this.phone.connected(socket);
    await ending.unless(within(OPEN_LIMIT_MS, opened.promise, refused));
  }

  // Its handlers fall silent; what was sent before is still delivered by the browser.
  #dropSocket() {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onerror = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  #onClosed(socket) {
    if (socket !== this.#socket) return;
    this.#dropSocket();
    const begins = this.isUp && !this.isReconnecting;
    const wasRegistered = this.state === "registered";
    if (begins) {
      this.isReconnecting = true;
      this.state = "reconnecting";
    }
    this.phone.disconnected();
    this.pump();
    if (begins && wasRegistered) this.events.emit("reconnecting");
    if (begins) this.#reconnect(this.#begin());
  }

  // Until it works or the page gives up. Calls stay: their audio has a path of its own.
  async #reconnect(ending) {
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 0 || !this.#hasMoved) await this.#pause(backoffMs(attempt, this.#hasMoved && this.#lines.length > 0, Math.random()));
      try {
        await this.#establish(ending);
        break;
      } catch {
        if (ending.isOver) return;
      }
    }
    this.isReconnecting = false;
    this.#rebindCalls();
    this.setRegistered();
    this.#mendCalls();
    this.events.emit("reconnected");
  }

  // Waits before the next attempt, or until the network changes.
  #pause(ms) {
    this.#hurry = new Deferred();
    return within(ms, this.#hurry.promise).catch(() => {});
  }

  // Calls that are not heard, and all of them in another network, look for a new way.
  #mendCalls() {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    for (const line of [...this.#lines]) {
      line.onGateway(true);
      if (hasMoved || !line.life.isHeard) line.mend();
    }
  }

  // Moves the calls to the new connection, and says so in each: an UPDATE without an offer (RFC 3311 §5.1) shows the gateway where
  // we are, whether it knew us by our registration or not. Those that look for a new way say it with that.
  #rebindCalls() {
    for (const { session, life } of this.#lines) {
      if (session !== undefined) this.phone.rebind(session, !this.#hasMoved && life.isHeard);
    }
    this.pump();
  }

  #send(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** Hangs up, unregisters, closes; `atOnce`: without waiting for what the gateway has counted. */
  async disconnect(atOnce) {
    if (this.state === "disconnected") return;
    const parted = Promise.all([...this.#lines].map((line) => line.giveUp(DECLINE, atOnce)));
    this.#registration.end();
    this.pump();
    this.#forget();
    const socket = this.#socket;
    this.events.emit("unregistered");
    await parted;
    // By now the page may have connected anew.
    if (this.#socket === socket) this.#hangSocketUp();
  }

  #forget() {
    this.state = "disconnected";
    this.isReconnecting = false;
    this.#ending?.end();
    this.#pulse.stop();
    this.#registration.forget();
  }

  #hangSocketUp() {
    this.#dropSocket();
    this.phone.disconnected();
    this.pump();
  }

  #onBrowser(what) {
    if (what === "devices") this.devices.onChange();
    else if (what === "leaving") this.#leave();
    else this.onWayChanged(what === "offline");
  }

  /** The way to the gateway may be another one; `isCertain`: it is gone, so that nobody is asked. */
  async onWayChanged(isCertain) {
    if (this.isReconnecting) {
      if (isCertain) this.#move();
      // Not after the rest of the wait, which was for another network.
      this.#hurry?.resolve();
      return;
    }
    if (!this.isUp) return;
    if (isCertain) return this.#cut();
    const socket = this.#socket;
    const isThere = await this.#pulse.isFelt();
    if (!isThere && this.#socket === socket && !this.isReconnecting) return this.#cut();
    this.#registration.renewIfDue();
  }

  #move() {
    this.#hasMoved = true;
    for (const line of this.#lines) line.onMoved();
  }

  // Takes the connection for lost: the calls need a new way too.
  #cut() {
    this.#move();
    if (this.#socket) this.#onClosed(this.#socket);
  }

  /** Milliseconds to the gateway and back. */
  async ping() {
    const tookMs = this.state === "registered" ? await this.#pulse.measure() : undefined;
    if (tookMs === undefined) throw fault("client.not_connected");
    return tookMs;
  }

  // The page goes away: what rings or talks is told so, instead of being found dead half a minute later, by CANCEL, BYE, or 480 for
  // what rings here: another page or device of the same person may still pick up. Calls that the page's next self takes over are
  // left alone.
  #leave() {
    const lines = this.#options.resume === true ? keep(this.#lines, this.#options.shared === true) : [...this.#lines];
    for (const line of lines) line.giveUp(["incoming", "accepting"].includes(line.state) ? UNAVAILABLE : DECLINE, true);
  }

  // Takes over what the page before left in this tab; in a phone that tabs share, in any (tabs.js).
  #resumeCalls() {
    const isShared = this.#options.shared === true;
    if (this.#options.resume !== true && !isShared) return;
    const { records, awayMs } = takeKept(isShared);
    for (const record of records) {
      const session = this.phone.adopt(record.dialog, this.#session.token);
      if (session === undefined) continue;
      const { incoming: isIncoming, from, to, callId: serverId, muted: isMuted, talkedMs } = record;
      const line = this.#file({ session, isIncoming, from, to, left: { talkedMs, awayMs } });
      Object.assign(line, { serverId, isMuted });
      this.events.emit("resumed", line.shown);
      line.resume();
    }
  }

  /** Calls. Asks for the microphone first, so that no phone rings for a call without sound. */
  async call(destination, options) {
    if (this.state !== "registered") throw fault("client.not_connected");
    const order = orderOf(destination, options ?? {}, this.domain);
    if (this.#isPlacing) throw fault("call.in_progress");
    this.#isPlacing = true;
    const line = this.#file({ from: order.from ?? this.identity, to: shown(order.target), customHeaders: options?.customHeaders });
    this.makeWay(line, options);
    try {
      await this.#place(line, order, options);
      return line.shown;
    } catch (thrown) {
      if (line.ending.isOver) throw fault("call.canceled");
      line.abandon();
      throw thrown;
    } finally {
      this.#isPlacing = false;
    }
  }

  // Token, microphone, offer, INVITE.
  async #place(line, order, options) {
    const { ending } = line;
    await ending.unless(this.#registration.ensureFreshToken());
    await line.openMedia(options);
    const sdp = await ending.unless(line.describe());
    if (!this.#socket || !this.#session) throw fault("client.not_connected");
    const { address, token } = this.#session;
    line.session = this.phone.invite(order.target, address, token, order.headers, sdp);
    this.pump();
  }

  #file(facts) {
    const line = new Line(this, facts);
    this.#lines.push(line);
    return line;
  }

  forget(line) { this.#lines = this.#lines.filter((other) => other !== line); }

  get withSound() { return this.#lines.filter((line) => line.media); }

  /** What is up is held while `line` begins, or as the option `others` says: nobody talks to two people at once by accident. */
  makeWay(line, options) {
    for (const other of this.#lines.filter((other) => other.isActive && other !== line)) {
      if (options?.others === "hangup") other.giveUp(DECLINE);
      // One that can't be held is silent here all the same, or ends by itself.
      else if (options?.others !== "keep") other.hold(true).catch(() => {});
    }
  }
}
