// A call as the page sees it.

/** What the page sees of a call. Its types and documentation are in index.esm.d.ts. */
export class Call {
  #line;

  constructor(line) { this.#line = line; }

  get id() { return this.#line.id; }

  get callId() { return this.#line.serverId; }

  get direction() { return this.#line.isIncoming ? "inbound" : "outbound"; }

  get from() { return this.#line.from; }

  get to() { return this.#line.to; }

  get state() { return this.#line.state; }

  get durationSeconds() { return this.#line.durationSeconds; }

  get isMuted() { return this.#line.isMuted; }

  get isHeld() { return this.#line.isHeld; }

  get isWaiting() { return this.#line.isWaiting; }

  get isListenOnly() { return this.#line.media?.isListenOnly ?? false; }

  get isReconnecting() { return !this.#line.life.isWhole; }

  get customHeaders() { return this.#line.customHeaders; }

  on(event, handler) { return this.#listen(event, handler, false); }

  once(event, handler) { return this.#listen(event, handler, true); }

  #listen(event, handler, once) {
    const off = this.#line.events.on(event, handler, once);
    this.#line.watchLevels(event);
    return off;
  }

  off(event, handler) { this.#line.events.off(event, handler); }

  accept(options) { return this.#line.accept(options); }

  // These act at once; their promises are for `await`.
  async reject(options) { this.#line.reject(options?.reason); }

  async hangup() { await this.#line.decline(); }

  mute(muted = true) { this.#line.mute(Boolean(muted)); }

  hold(held = true) { return this.#line.hold(Boolean(held)); }

  transfer(to) { return this.#line.transfer(to); }

  sendDtmf(digits) { return this.#line.sendDtmf(digits); }

  getStats() { return this.#line.stats(); }
}
