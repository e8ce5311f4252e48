// The client behind SautikitClient: token, connection, registration and calls. SIP, times and judgements are in Rust.
//
// What is imported here is one file in a release (xtask bundles it): what else loads of it is exported.

import { DECLINE, LOST, Line, UNAVAILABLE } from "./call.js";
import { canChooseOutput, listDevices, watchBrowser } from "./edge.js";
import { Events } from "./events.js";
import { fault, registrationFault, useErrorClass } from "./faults.js";
import { keep, takeKept } from "./kept.js";
import begin, { Phone, backoffMs, expectedMos, mayTell, preferredIdentity, readToken, refreshAfterMs, retryAfterMs, shown, target } from "./sautikit.js";
import { Deferred, Ending, within } from "./waiting.js";

export { Events, begin, listDevices, useErrorClass };

// Between two keep-alives (RFC 7118 §6 allows RFC 5626's double CRLF): below the 30 s after which the shortest-lived proxies drop
// an idle connection.
const KEEP_ALIVE_MS = 25_000;
const PING = "\r\n\r\n";
// A timer that is late by so much has slept: hidden pages are served once a minute at worst, but not one with a call.
const SLEPT_MS = 10_000;
// A socket that is not open by now will not be: proxies that swallow the upgrade say nothing at all.
const OPEN_LIMIT_MS = 10_000;
// An endpoint that has not answered by now is taken for broken: a page must be able to say so while its user looks.
const TOKEN_LIMIT_MS = 10_000;
// The same for the gateway's answer to REGISTER; the phone itself would wait for 32 s (timer F).
const REGISTER_LIMIT_MS = 10_000;
// A gateway that does not answer a ping by now is not there: the socket of another network says nothing at all.
const PONG_LIMIT_MS = 1_000;
// The same for a page that measures (`preflight`).
const PING_LIMIT_MS = 5_000;
// Asked of the registrar; it grants no more than the token's life.
const EXPIRES_S = 300;
// A token that ends sooner is replaced before a call is made with it.
const CALL_MARGIN_MS = 10_000;
// A connection that comes back registers with the token that it has when that lives at least this long: fetching another first
// would make a call in progress wait.
const RECONNECT_MARGIN_MS = 30_000;
// What a page left longer ago is over at the server.
const LONGEST_AWAY_MS = 30_000;
// The status of silence.
const TIMED_OUT = 408;
// The status for those whose token does not let them be called.
const FORBIDDEN = 403;

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
  // Devices that the page has chosen; none for the system's choice.
  input;
  output;
  #options;
  // Who we are until the next token (`readToken`), and when it ends by the page's clock and by the wall's: the page's own stands
  // still while the machine sleeps.
  #session;
  #socket;
  // The registration at the phone, and who waits for its first answer.
  #registration;
  #registering;
  #lines = [];
  // A call is between its first step and its INVITE.
  #isPlacing = false;
  #due;
  #alarm;
  // Ends whatever connects or reconnects.
  #ending;
  #isReconnecting = false;
  // Tokens in a row that could not be had or were refused.
  #failures = 0;
  #renewal;
  // Fires when the registrar forgets us.
  #forgotten;
  #keepAlive;
  // The way to the gateway is another one since the last connection.
  #hasMoved = false;
  // Cuts the wait before the next attempt to connect short.
  #hurry;
  // Resolved by the next message of the gateway's.
  #pong;

  /** Reads the options lazily; they belong to the page. */
  constructor(options) {
    this.#options = options;
    // A client that nobody holds any more is not held by what it watches.
    const client = new WeakRef(this);
    const stop = watchBrowser((what) => {
      const core = client.deref();
      if (core) core.#onBrowser(what);
      else stop();
    });
  }

  get identity() { return this.#session?.identity ?? ""; }

  get domain() { return this.#session?.domain ?? ""; }

  get calls() { return this.#lines.map((line) => line.shown); }

  on(event, handler, once) { return this.events.on(event, handler, once); }

  off(event, handler) { this.events.off(event, handler); }

  /** The page's ICE servers, else the ones that came with the token. */
  get iceServers() { return this.#options.iceServers ?? this.#session?.iceServers; }

  /** An option of a call: its own before the client's. */
  option(ofCall, name) { return ofCall?.[name] ?? this.#options[name]; }

  // ── the phone ──

  // Tells what the phone has to tell and sets its alarm. Called after everything that touched it; handlers of the page may call
  // back into the client from here.
  #pump() {
    for (let told; (told = this.phone.poll());) this.#told(...told);
    const due = this.phone.nextTimeout();
    if (due === this.#due) return;
    clearTimeout(this.#alarm);
    this.#due = due;
    if (due === undefined) return;
    this.#alarm = setTimeout(() => {
      this.#due = undefined;
      this.phone.timeout();
      this.#pump();
    }, Math.max(0, due - performance.now()));
  }

  #told(what, id, told, more) {
    if (what === "registered") return this.#onRegistered(id, told);
    if (what === "registrationFailed") return this.#onRegistrationFailed(id, told);
    if (what === "incoming") return this.#onInvite(id, told, more);
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
        line.onEnded(told);
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
    const isBusy = this.#othersUp().length > 0;
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
    this.#pump();
    return done;
  }

  hangUp(session, status) {
    this.phone.hangUp(session, status);
    this.#pump();
  }

  /** Offers anew; gives a status when that cannot be done now, 0 when the call does not stand. */
  offer(session, sdp) {
    const refused = this.phone.offer(session, sdp);
    this.#pump();
    return refused;
  }

  /** Asks for a transfer; false: the call does not stand. */
  refer(session, address) {
    const isAsked = this.phone.refer(session, address);
    this.#pump();
    return isAsked;
  }

  // ── token and registration ──

  async #askForToken() {
    const { getToken, tokenUrl } = this.#options;
    if (typeof getToken === "function") return [await getToken(), NaN];
    const ask = (method) => fetch(tokenUrl, { method, credentials: "include" }).catch(() => { throw fault("token.unreachable"); });
    let response = await ask("POST");
    if (response.status === 405) response = await ask("GET");
    if (!response.ok) throw fault("token.refused", response.status);
    return [await response.json().catch(() => undefined), Date.parse(response.headers.get("date"))];
  }

  async #fetchToken(ending) {
    const asked = within(TOKEN_LIMIT_MS, this.#askForToken(), () => fault("token.unreachable"));
    const [answer, served] = await (ending ? ending.unless(asked) : asked);
    const session = readToken(answer, served, this.#options.gateway, Date.now());
    if (!session) throw fault("token.invalid");
    this.#session = { ...session, ends: performance.now() + session.lifeMs, endsWall: Date.now() + session.lifeMs };
  }

  get #tokenLeft() {
    if (!this.#session) return 0;
    const { ends, endsWall } = this.#session;
    return Math.max(0, Math.min(ends - performance.now(), endsWall - Date.now()));
  }

  async #register(ending) {
    const { promise } = this.#registering = new Deferred();
    this.#startRegistration();
    try {
      await ending.unless(within(REGISTER_LIMIT_MS, promise, () => registrationFault(TIMED_OUT)));
    } catch (thrown) {
      // Perhaps it was the token: the next try is not made with it.
      if (!ending.isOver) this.#failures += 1;
      throw thrown;
    }
  }

  #startRegistration() {
    const { domain, address, token } = this.#session;
    this.#registration = this.phone.register(domain, address, token, EXPIRES_S);
    this.#pump();
  }

  #onRegistered(registration, expiresS) {
    if (registration !== this.#registration) return;
    const granted = expiresS * 1000;
    // The registrar keeps us for so long; a renewal that hangs or fails beyond that leaves us unregistered, whatever we last heard.
    clearTimeout(this.#forgotten);
    this.#forgotten = setTimeout(() => this.#setUnregistered(), granted);
    this.#onAccepted(granted);
  }

  // The gateway knows us over this connection, until `granted` is over.
  #onAccepted(granted) {
    this.#failures = 0;
    this.#renewAfter(refreshAfterMs(granted, this.#tokenLeft, Math.random()));
    const waiting = this.#registering;
    this.#registering = undefined;
    if (waiting) waiting.resolve();
    // The connection had stood all the time; only the registration was lost.
    else if (this.state === "reconnecting" && !this.#isReconnecting) this.#setRegistered();
  }

  // Refused while connecting: `connect` fails. Refused later: nobody can ring here until a fresh token is accepted.
  #onRegistrationFailed(registration, status) {
    if (registration !== this.#registration) return;
    this.#registration = undefined;
    // As the token says: it proves who we are, so that calls can be made, and nobody can ring here.
    if (status === FORBIDDEN && this.#session?.rings === false) return this.#onAccepted(EXPIRES_S * 1000);
    const waiting = this.#registering;
    this.#registering = undefined;
    if (waiting) return waiting.reject(registrationFault(status));
    // With the connection goes the registration; `#reconnect` makes both anew.
    if (this.#isReconnecting || this.state === "disconnected") return;
    this.events.emit("error", registrationFault(status));
    this.#setUnregistered();
    this.#retry();
  }

  // The page is told that nobody can ring here, once.
  #setUnregistered() {
    clearTimeout(this.#forgotten);
    if (this.state !== "registered") return;
    this.state = "reconnecting";
    this.events.emit("unregistered");
  }

  // Tries again after a wait that grows with the failures.
  #retry() {
    this.#failures += 1;
    this.#renewAfter(retryAfterMs(this.#failures));
  }

  #renewAfter(ms) {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(async () => {
      if (!this.#isUp || this.#isReconnecting) return;
      this.events.emit("tokenWillExpire");
      try {
        await this.#renew();
      } catch (thrown) {
        this.events.emit("error", thrown);
        this.#retry();
      }
    }, ms);
  }

  get #isUp() { return ["registered", "reconnecting"].includes(this.state); }

  // Fetches a token and registers with it. A token endpoint without a fixed identity names us anew each time: then the new address
  // is registered beside the old one, whose binding is removed.
  async #renew() {
    const before = this.#session?.address;
    await this.#fetchToken();
    const old = this.#registration;
    const { address, token } = this.#session;
    const isRefreshed = old !== undefined && before === address && this.phone.refresh(old, token);
    if (!isRefreshed) this.#startRegistration();
    if (!isRefreshed && old !== undefined) this.phone.unregister(old);
    this.#pump();
  }

  // ── connection ──

  /** Token, socket, registration. */
  async connect() {
    if (this.state !== "disconnected") return;
    this.state = "connecting";
    const ending = this.#begin();
    try {
      await this.#establish(ending);
    } catch (thrown) {
      // Disconnected meanwhile; perhaps it connects anew by now, so that nothing here is ours to close.
      if (!ending.isOver) this.#close();
      throw thrown;
    }
    this.#setRegistered();
    this.#resumeCalls();
  }

  #begin() { return (this.#ending = new Ending(() => fault("client.not_connected"))); }

  async #establish(ending) {
    const isProven = this.state === "reconnecting" && this.#failures === 0;
    if (!isProven || this.#tokenLeft <= RECONNECT_MARGIN_MS) await this.#fetchToken(ending);
    await this.#openSocket(ending);
    await this.#register(ending);
  }

  #setRegistered() {
    this.state = "registered";
    this.#keepOpen();
    this.events.emit("registered", { identity: this.identity });
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
      this.#pong?.resolve();
      this.#pong = undefined;
      if (typeof data === "string") this.phone.receive(data);
      this.#pump();
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
    const begins = this.#isUp && !this.#isReconnecting;
    const wasRegistered = this.state === "registered";
    if (begins) {
      this.#isReconnecting = true;
      this.state = "reconnecting";
    }
    this.phone.disconnected();
    this.#pump();
    if (begins && wasRegistered) this.events.emit("reconnecting");
    if (begins) this.#reconnect(this.#begin());
  }

  // Until it works or the page gives up. Calls stay: their audio has a path of its own.
  async #reconnect(ending) {
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 0 || !this.#hasMoved) await this.#pause(backoffMs(attempt, Math.random()));
      try {
        await this.#establish(ending);
        break;
      } catch {
        if (ending.isOver) return;
      }
    }
    this.#isReconnecting = false;
    this.#rebindCalls();
    this.#setRegistered();
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
    this.#pump();
  }

  #keepOpen() {
    clearTimeout(this.#keepAlive);
    const due = Date.now() + KEEP_ALIVE_MS;
    this.#keepAlive = setTimeout(() => {
      // The browser says nothing of a lid that was closed over a page in view.
      if (Date.now() - due > SLEPT_MS) this.#onWayChanged(false);
      if (this.state === "disconnected") return;
      this.#send(PING);
      this.#keepOpen();
    }, KEEP_ALIVE_MS);
  }

  #send(text) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** Hangs up, unregisters, closes. */
  disconnect() {
    if (this.state === "disconnected") return;
    for (const line of [...this.#lines]) line.giveUp(DECLINE);
    const registration = this.#registration;
    this.#registration = undefined;
    if (registration !== undefined) this.phone.unregister(registration);
    this.#pump();
    this.#close();
    this.events.emit("unregistered");
  }

  #close() {
    this.state = "disconnected";
    this.#failures = 0;
    this.#isReconnecting = false;
    this.#ending?.end();
    [this.#renewal, this.#forgotten, this.#keepAlive].forEach(clearTimeout);
    this.#registration = this.#registering = undefined;
    this.#dropSocket();
    this.phone.disconnected();
    this.#pump();
  }

  // ── the browser's news ──

  #onBrowser(what) {
    if (what === "devices") this.onDevices();
    else if (what === "leaving") this.#leave();
    else this.#onWayChanged(what === "network");
  }

  // The way to the gateway may be another one; `isCertain`: it is.
  async #onWayChanged(isCertain) {
    if (this.#isReconnecting) {
      // Not after the rest of the wait, which was for another network.
      this.#hasMoved ||= isCertain;
      this.#hurry?.resolve();
      return;
    }
    if (!this.#isUp) return;
    if (isCertain) return this.#cut();
    const socket = this.#socket;
    const isThere = await this.#pongWithin(PONG_LIMIT_MS);
    if (!isThere && this.#socket === socket && !this.#isReconnecting) return this.#cut();
    // After a sleep: a token whose last quarter has begun is renewed now, whatever its timer thinks.
    if (this.#tokenLeft < this.#session?.lifeMs / 4 && this.#failures === 0) this.#renewAfter(0);
  }

  // Takes the connection for lost: the calls need a new way too.
  #cut() {
    this.#hasMoved = true;
    if (this.#socket) this.#onClosed(this.#socket);
  }

  #pongWithin(ms) {
    // Two who ask at once wait for the same answer.
    this.#pong ??= new Deferred();
    this.#send(PING);
    return within(ms, this.#pong.promise).then(() => true, () => false);
  }

  /** Milliseconds to the gateway and back. */
  async ping() {
    const since = performance.now();
    if (this.state !== "registered" || !(await this.#pongWithin(PING_LIMIT_MS))) throw fault("client.not_connected");
    return performance.now() - since;
  }

  // The page goes away: what rings or talks is told so, instead of being found dead half a minute later, by CANCEL, BYE, or 480 for
  // what rings here: another page or device of the same person may still pick up. Calls that the page's next self takes over are
  // left alone.
  #leave() {
    const records = this.#options.resume === true ? this.#lines.map((line) => line.record) : [];
    const left = records.filter(Boolean);
    if (left.length > 0) keep(JSON.stringify({ at: Date.now(), calls: left }), this.#options.shared === true);
    [...this.#lines].forEach((line, at) => {
      if (!records[at]) line.giveUp(["incoming", "accepting"].includes(line.state) ? UNAVAILABLE : DECLINE);
    });
  }

  // Takes over what the page before left in this tab; in a phone that tabs share, in any (tabs.js).
  #resumeCalls() {
    const isShared = this.#options.shared === true;
    if (this.#options.resume !== true && !isShared) return;
    const { at, calls = [] } = takeKept(isShared) ?? {};
    const awayMs = Date.now() - at;
    if (!(awayMs >= 0 && awayMs < LONGEST_AWAY_MS)) return;
    for (const record of calls) {
      const session = this.phone.adopt(record.dialog, this.#session.token);
      if (session === undefined) continue;
      const { incoming: isIncoming, from, to, callId: serverId, muted: isMuted, talkedMs } = record;
      const line = this.#file({ session, isIncoming, from, to, left: { talkedMs, awayMs } });
      Object.assign(line, { serverId, isMuted });
      this.events.emit("resumed", line.shown);
      line.resume();
    }
  }

  // ── calls ──

  /** Calls. Asks for the microphone first, so that no phone rings for a call without sound. */
  async call(destination, options) {
    if (this.state !== "registered") throw fault("client.not_connected");
    const order = this.#order(destination, options ?? {});
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

  #order(destination, { from, customHeaders }) {
    const address = target(destination, this.domain);
    if (!address) throw fault("call.destination_invalid");
    const own = typeof from === "string" && from ? from : undefined;
    const identity = own && preferredIdentity(own, this.domain);
    if (own && !identity) throw fault("call.from_invalid");
    const told = Object.entries(customHeaders ?? {}).flat();
    // A line each, name and value in turn.
    const isLine = (text) => typeof text === "string" && !text.includes("\n");
    if (typeof (customHeaders ?? {}) !== "object" || !told.every(isLine) || !mayTell(told.join("\n"))) throw fault("call.header_invalid");
    const headers = identity ? ["P-Preferred-Identity", identity, ...told] : told;
    return { target: address, from: own, headers: headers.join("\n") };
  }

  // Token, microphone, offer, INVITE.
  async #place(line, order, options) {
    const { ending } = line;
    // So that a call is never refused for the age of its token.
    if (this.#tokenLeft <= CALL_MARGIN_MS) await ending.unless(this.#renew());
    await line.openMedia(options);
    const sdp = await ending.unless(line.describe());
    if (!this.#socket || !this.#session) throw fault("client.not_connected");
    const { address, token } = this.#session;
    line.session = this.phone.invite(order.target, address, token, order.headers, sdp);
    this.#pump();
  }

  #file(facts) {
    const line = new Line(this, facts);
    this.#lines.push(line);
    return line;
  }

  forget(line) { this.#lines = this.#lines.filter((other) => other !== line); }

  // The calls that are up, besides this one.
  #othersUp(besides) { return this.#lines.filter((line) => line.isActive && line !== besides); }

  /** What is up is held while `line` begins, or as the option `others` says: nobody talks to two people at once by accident. */
  makeWay(line, options) {
    for (const other of this.#othersUp(line)) {
      if (options?.others === "hangup") other.giveUp(DECLINE);
      // One that can't be held is silent here all the same, or ends by itself.
      else if (options?.others !== "keep") other.hold(true).catch(() => {});
    }
  }

  // ── devices ──

  async #known(kind, id) {
    if (!id) return undefined;
    if ((await listDevices()).some((device) => device.kind === kind && device.id === id)) return id;
    throw fault("device.not_found");
  }

  get #withSound() { return this.#lines.filter((line) => line.media); }

  /** Speaks into this microphone from now on, in calls that are up too; without an id into the system's own choice. */
  async setInput(id) {
    const known = await this.#known("input", id);
    const former = this.input;
    this.input = known;
    for (const line of this.#withSound) {
      await line.changeMicrophone().catch((thrown) => {
        this.input = former;
        throw thrown;
      });
    }
  }

  /** Plays on this loudspeaker from now on, in calls that are up too; without an id on the system's own choice. */
  async setOutput(id) {
    if (!canChooseOutput()) {
      if (id === undefined) return;
      throw fault("device.output_fixed");
    }
    const known = await this.#known("output", id);
    for (const { media } of this.#withSound) await media.playOn(known ?? "").catch(() => { throw fault("device.not_found"); });
    this.output = known;
  }

  /**
   * Some device came or went. What the page had chosen and is gone is chosen no more; `unplugged` names what a call was using.
   */
  async onDevices(unplugged) {
    const devices = await listDevices().catch(() => undefined);
    if (!devices) return;
    const isGone = (kind, id) => id !== undefined && !devices.some((device) => device.kind === kind && device.id === id);
    const lost = unplugged ? [unplugged] : [];
    if (isGone("input", this.input)) {
      this.input = undefined;
      if (!unplugged) lost.push("input");
    }
    if (isGone("output", this.output)) {
      this.output = undefined;
      for (const { media } of this.#withSound) media.playOn("").catch(() => {});
      lost.push("output");
    }
    this.events.emitLive("devicechange", { devices, lost });
  }
}
