// The handlers of one object, and the events that came before anybody asked: `ringing` may arrive before
// `await client.call(…)` has returned, and the first handler of an event gets what it missed.

// Most events kept for one object while nobody listens; a page that never asks must not grow for ever.
const MOST_MISSED = 32;

export class Events {
  #handlers = [];
  #missed = [];
  // Events that have had a handler: from then on, what nobody hears is gone.
  #asked = new Set();

  /** Adds a handler and returns the function that removes it. */
  on(event, handler, once = false) {
    const entry = { event, handler, once };
    let missed = [];
    if (!this.#asked.has(event)) {
      this.#asked.add(event);
      missed = this.#missed.filter((told) => told.event === event);
      this.#missed = this.#missed.filter((told) => told.event !== event);
    }
    if (once) missed.splice(1);
    if (!once || missed.length === 0) this.#handlers.push(entry);
    // After the current task, so that `const off = call.on(…)` is assigned when the handler runs.
    queueMicrotask(() => missed.forEach(({ payload }) => this.#call(handler, payload)));
    return () => this.#keep((other) => other !== entry);
  }

  /** Removes one handler or all of an event. */
  off(event, handler) { this.#keep((entry) => entry.event !== event || (handler && entry.handler !== handler)); }

  /** Whether anybody listens now. */
  has(event) { return this.#handlers.some((entry) => entry.event === event); }

  /** Calls the handlers now. One that throws is reported and disturbs nobody. */
  emit(event, payload) {
    const heard = this.#handlers.filter((entry) => entry.event === event);
    this.#keep((entry) => entry.event !== event || !entry.once);
    if (!this.#asked.has(event) && this.#missed.length < MOST_MISSED) this.#missed.push({ event, payload });
    for (const { handler } of heard) this.#call(handler, payload);
  }

  /** The same for what is of no use later: without a handler it is gone. */
  emitLive(event, payload) {
    if (this.has(event)) this.emit(event, payload);
  }

  #keep(which) { this.#handlers = this.#handlers.filter(which); }

  #call(handler, payload) {
    try {
      handler(payload);
    } catch (error) {
      console.error(error);
    }
  }
}
