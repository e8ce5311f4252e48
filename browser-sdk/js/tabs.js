// One phone in many tabs (option `tabs: "shared"`), loaded when a page wants it.
//
//   Web Lock                   BroadcastChannel
//   leader: has the Core  ◄── asks ─── followers: have copies of its calls
//                         ─── tells ─►
//
// Whoever holds the lock leads: it has the one connection and the audio of all calls. Every tab shows all calls and may do
// anything with them. When the leader closes, the next tab gets the lock, connects, and takes the calls over as a page does that
// is loaded again.

import { Events } from "./client.js";

const CLIENT_EVENTS = ["registered", "unregistered", "reconnecting", "reconnected", "tokenWillExpire", "devicechange", "error"];
const CALL_EVENTS = ["ringing", "answered", "failed", "ended", "muted", "held", "transfer", "quality", "warning", "warning-cleared", "reconnecting", "reconnected"];
const FACTS = ["id", "callId", "direction", "from", "to", "state", "durationSeconds", "isMuted", "isHeld", "isWaiting", "isListenOnly", "isReconnecting", "customHeaders"];
// A leader that does not answer by now is gone, and another tab is about to lead.
const ANSWER_LIMIT_MS = 35_000;
// A tab that takes over and cannot connect tries again, after a wait that doubles.
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
// What a call ends with whose leader is gone and has left nothing of it.
const LOST = { reason: "networkLost", code: 408 };

/** A call of the leader's, in any tab. */
class TabCall {
  #ask;
  #facts;
  #at = 0;
  #events = new Events();

  constructor(facts, ask) {
    this.#ask = ask;
    this.learn(facts);
  }

  learn(facts) {
    this.#facts = facts;
    this.#at = performance.now();
  }

  end(durationSeconds) { this.learn({ ...this.#facts, state: "ended", durationSeconds }); }

  tell(event, payload) { this.#events.emit(event, payload); }

  get durationSeconds() {
    const since = this.#facts.state === "active" ? Math.floor((performance.now() - this.#at) / 1000) : 0;
    return this.#facts.durationSeconds + since;
  }

  on(event, handler) { return this.#listen(event, handler, false); }

  once(event, handler) { return this.#listen(event, handler, true); }

  off(event, handler) { this.#events.off(event, handler); }

  #listen(event, handler, once) {
    if (event === "audiolevel") this.#ask(this.id, "meter").catch(() => {});
    return this.#events.on(event, handler, once);
  }

  accept(options) { return this.#ask(this.id, "accept", options); }

  reject(options) { return this.#ask(this.id, "reject", options); }

  hangup() { return this.#ask(this.id, "hangup"); }

  mute(muted) { this.#ask(this.id, "mute", muted).catch(() => {}); }

  hold(held) { return this.#ask(this.id, "hold", held); }

  // A call itself does not go from tab to tab.
  transfer(to) { return this.#ask(this.id, "transfer", to instanceof TabCall ? { id: to.id } : to); }

  sendDtmf(digits) { return this.#ask(this.id, "sendDtmf", digits); }

  getStats() { return this.#ask(this.id, "getStats"); }

  static {
    for (const fact of FACTS.filter((name) => name !== "durationSeconds")) {
      Object.defineProperty(this.prototype, fact, { get() { return this.#facts[fact]; } });
    }
  }
}

/** Looks like the Core to SautikitClient, in every tab. */
export class SharedCore {
  #Core;
  #options;
  #SautikitError;
  #name;
  #channel;
  #core;
  #real = new Map();
  #calls = new Map();
  #events = new Events();
  #state = "disconnected";
  #identity = "";
  #followers = new Set();
  #me = crypto.randomUUID();
  #waiting = new Map();
  #abort;
  #connected;
  // Leads in the place of another tab, whose calls and registration the pages count on.
  #takesOver = false;

  constructor(Core, options, SautikitError) {
    this.#Core = Core;
    this.#SautikitError = SautikitError;
    const followers = this.#followers;
    // Whoever is left takes over.
    this.#options = Object.create(options, { resume: { get: () => options.resume || followers.size > 0 }, shared: { value: true } });
    // Tabs of one origin that ask the same endpoint are one person's.
    this.#name = `sautikit ${options.tokenUrl ?? ""}`;
  }

  get isLeader() { return Boolean(this.#core); }
  get state() { return this.#state; }
  get identity() { return this.#identity; }
  get calls() { return [...this.#calls.values()]; }
  get input() { return this.#core?.input; }
  get output() { return this.#core?.output; }

  on(event, handler, once) { return this.#events.on(event, handler, once); }

  off(event, handler) { this.#events.off(event, handler); }

  connect() {
    if (this.#abort) return this.#connected.promise;
    this.#connected = deferred();
    this.#abort = new AbortController();
    this.#state = "connecting";
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    addEventListener("pagehide", this.#leave);
    navigator.locks.request(this.#name, { signal: this.#abort.signal }, () => this.#lead()).catch(() => {});
    this.#say({ kind: "hello" });
    return this.#connected.promise;
  }

  disconnect() {
    if (!this.#abort) return;
    const gone = this.#notConnected();
    this.#connected.promise.catch(() => {});
    this.#connected.reject(gone);
    this.#close(gone);
  }

  // Lets go of everything, so that a later connect() begins anew.
  #close(error) {
    this.#leave();
    removeEventListener("pagehide", this.#leave);
    const core = this.#core;
    this.#core = undefined;
    // What follows would reach nobody.
    core?.disconnect(true);
    this.#abort.abort();
    this.#abort = undefined;
    this.#release?.();
    this.#channel.close();
    this.#state = "disconnected";
    this.#calls.clear();
    this.#real.clear();
    this.#followers.clear();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #notConnected() { return new this.#SautikitError("client.not_connected", "The client is not connected.", "Call await client.connect() first."); }

  async call(destination, options) { return this.#calls.get(await this.#ask(undefined, "call", destination, options)); }

  setInput(id) { return this.#ask(undefined, "setInput", id); }

  setOutput(id) { return this.#ask(undefined, "setOutput", id); }

  ping() { return this.#ask(undefined, "ping"); }

  #release;
  #leave = () => this.#say({ kind: "bye" });
  #say(message) { this.#channel?.postMessage({ from: this.#me, ...message }); }

  // Holds the lock until this tab disconnects or closes.
  async #lead() {
    if (!this.#abort) return undefined;
    this.#takesOver = this.#state !== "connecting";
    const core = (this.#core = new this.#Core(this.#options));
    for (const event of CLIENT_EVENTS) core.on(event, (payload) => this.#tell({ kind: "event", event, payload: plain(payload) }), false);
    core.on("incoming", (call) => this.#tell({ kind: "incoming", id: this.#adopt(call), facts: factsOf(call) }), false);
    core.on("resumed", (call) => this.#tell({ kind: "resumed", id: this.#adopt(call), facts: factsOf(call) }), false);
    const released = new Promise((resolve) => { this.#release = resolve; });
    this.#say({ kind: "leads" });
    this.#establish(core);
    return released;
  }

  async #establish(core) {
    for (let wait = FIRST_RETRY_MS; this.#core === core; wait = Math.min(wait * 2, LONGEST_RETRY_MS)) {
      try {
        await core.connect();
        return this.#tellState({ isFresh: true });
      } catch (error) {
        if (this.#core !== core) return;
        if (!this.#takesOver) return this.#tell({ kind: "failed", error: plain(error) });
        this.#tell({ kind: "event", event: "error", payload: plain(error) });
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  // Follows a call of the Core's, and has every tab follow it.
  #adopt(call) {
    this.#real.set(call.id, call);
    for (const event of CALL_EVENTS) call.on(event, (payload) => this.#tellOf(call, event, payload));
    return call.id;
  }

  #tellOf(call, event, payload) {
    this.#tell({ kind: "call", id: call.id, event, payload, facts: factsOf(call) });
    if (event === "ended") this.#real.delete(call.id);
  }

  // To all tabs, this one too.
  #tell(message) {
    this.#say(message);
    this.#hear({ from: this.#me, ...message });
    if (message.kind === "event") this.#tellState();
  }

  // `isFresh`: what is not among these calls is over.
  #tellState({ isFresh = false } = {}) {
    if (!this.#core) return;
    const calls = [...this.#real.values()].map(factsOf);
    const isUp = this.#core.state === "registered" || !this.#takesOver;
    const state = { kind: "state", state: isUp ? this.#core.state : "reconnecting", identity: this.#core.identity || this.#identity, calls, isFresh };
    this.#say(state);
    this.#hear(state);
  }

  #hear(message) {
    switch (message.kind) {
      case "hello":
        this.#followers.add(message.from);
        return this.#tellState();
      case "bye":
        return void this.#followers.delete(message.from);
      case "leads":
        // The new leader counts its followers anew.
        return this.#say({ kind: "hello" });
      case "state":
        this.#state = message.state;
        this.#identity = message.identity;
        message.calls.forEach((facts) => this.#known(facts));
        if (message.isFresh) this.#endOthers(message.calls);
        if (message.state === "registered") this.#connected?.resolve();
        return undefined;
      case "failed":
        return this.#failed(this.#error(message.error));
      case "event":
        return this.#events.emit(message.event, message.event === "error" ? this.#error(message.payload) : message.payload);
      case "incoming":
        return this.#events.emit("incoming", this.#known(message.facts));
      case "resumed":
        return this.#resumed(message.facts);
      case "call":
        return this.#happened(message);
      case "ask":
        return this.#core && this.#answer(message);
      case "answer":
        return this.#answered(message);
      default:
        return undefined;
    }
  }

  // Nobody leads any more, and whoever connects next does it anew.
  #failed(error) {
    if (!this.#abort) return;
    this.#connected.reject(error);
    this.#close(error);
  }

  #endOthers(calls) {
    const alive = new Set(calls.map(({ id }) => id));
    for (const [id, call] of [...this.#calls].filter(([known]) => !alive.has(known))) {
      this.#calls.delete(id);
      const told = { ...LOST, durationSeconds: call.durationSeconds };
      call.end(told.durationSeconds);
      call.tell("failed", told);
      call.tell("ended", told);
    }
  }

  #known(facts) {
    const call = this.#calls.get(facts.id);
    if (call) call.learn(facts);
    else this.#calls.set(facts.id, new TabCall(facts, (...asked) => this.#ask(...asked)));
    return this.#calls.get(facts.id);
  }

  // The call of the leader before has another id now; whoever holds it need not know.
  #resumed(facts) {
    const [former, call] = [...this.#calls].find(([, known]) => known.callId && known.callId === facts.callId) ?? [];
    if (!call) return this.#events.emit("resumed", this.#known(facts));
    this.#calls.delete(former);
    this.#calls.set(facts.id, call);
    return call.learn(facts);
  }

  #happened({ id, event, payload, facts }) {
    const call = this.#known(facts);
    call.tell(event, payload);
    if (event === "ended") this.#calls.delete(id);
  }

  // The leader does it, whichever tab that is.
  async #ask(id, method, ...given) {
    if (this.#core) return this.#done(id, method, given);
    const request = crypto.randomUUID();
    const answer = deferred();
    const timer = setTimeout(() => answer.reject(this.#notConnected()), ANSWER_LIMIT_MS);
    this.#waiting.set(request, answer);
    this.#say({ kind: "ask", request, id, method, given });
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(request);
    }
  }

  async #done(id, method, given) {
    if (id === undefined && method !== "call") return this.#core[method](...given);
    if (id === undefined) {
      const call = await this.#core.call(...given);
      this.#adopt(call);
      this.#tellState();
      return call.id;
    }
    const call = this.#real.get(id);
    if (!call) throw new this.#SautikitError("call.wrong_state", "The call is not in a state that allows this.", "Look at call.state, or listen to the call's events.");
    if (method === "meter") return void call.on("audiolevel", (payload) => this.#tellOf(call, "audiolevel", payload));
    const result = await call[method](...given);
    this.#tellState();
    return method === "getStats" ? new Map(result) : result;
  }

  async #answer({ from, request, id, method, given }) {
    try {
      this.#say({ kind: "answer", to: from, request, result: await this.#done(id, method, given) });
    } catch (error) {
      this.#say({ kind: "answer", to: from, request, error: plain(error) });
    }
  }

  #answered({ to, request, result, error }) {
    if (to !== this.#me) return;
    const waiting = this.#waiting.get(request);
    if (error) waiting?.reject(this.#error(error));
    else waiting?.resolve(result);
  }

  #error({ code, message, remedy }) { return new this.#SautikitError(code, message, remedy); }
}

const factsOf = (call) => Object.fromEntries(FACTS.map((fact) => [fact, call[fact]]));

// What an Error of ours says, so that it can be told to another tab.
const plain = (value) => (value instanceof Error ? { code: value.code, message: value.message, remedy: value.remedy } : value);

function deferred() {
  let settle;
  const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  return { promise, ...settle };
}
