// Whether the gateway is there: a sign of life every now and then, and one when somebody asks.

import { Deferred, within } from "./waiting.js";

// Between two keep-alives (RFC 7118 §6 allows RFC 5626's double CRLF): below the 30 s after which the shortest-lived proxies drop
// an idle connection.
const KEEP_ALIVE_MS = 25_000;
const PING = "\r\n\r\n";
// A timer that is late by so much has slept: hidden pages are served once a minute at worst, but not one with a call.
const SLEPT_MS = 10_000;
// A gateway that does not answer a ping by now is not there: the socket of another network says nothing at all.
const PONG_LIMIT_MS = 1_000;
// The same for a page that measures (`preflight`).
const MEASURE_LIMIT_MS = 5_000;

export class Pulse {
  #send;
  #slept;
  #timer;
  // Resolved by the next message of the gateway's.
  #felt;

  /** `send` sends a text; `slept` is called after a sleep, of which the browser says nothing when a lid is closed over a page in view. */
  constructor(send, slept) {
    this.#send = send;
    this.#slept = slept;
  }

  /** From now on, until `stop()`. */
  beat() {
    clearTimeout(this.#timer);
    const due = Date.now() + KEEP_ALIVE_MS;
    this.#timer = setTimeout(() => {
      this.beat();
      if (Date.now() - due > SLEPT_MS) this.#slept();
      this.#send(PING);
    }, KEEP_ALIVE_MS);
  }

  stop() { clearTimeout(this.#timer); }

  /** The gateway has said something. */
  felt() {
    this.#felt?.resolve();
    this.#felt = undefined;
  }

  /** Whether it says something within so long. */
  isFelt(ms = PONG_LIMIT_MS) {
    // Two who ask at once wait for the same answer.
    this.#felt ??= new Deferred();
    this.#send(PING);
    return within(ms, this.#felt.promise).then(() => true, () => false);
  }

  /** Milliseconds to the gateway and back; undefined when it says nothing. */
  async measure() {
    const since = performance.now();
    return (await this.isFelt(MEASURE_LIMIT_MS)) ? performance.now() - since : undefined;
  }
}
