// Waiting that always ends.

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the promise brings; rejects with what `late` gives when it takes longer. */
export function within(ms, promise, late) {
  let timer;
  const limit = new Promise((_, reject) => { timer = setTimeout(() => reject(late?.()), ms); });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** A promise that others settle. */
export class Deferred {
  constructor() {
    this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    // Not everybody has to look: a rejection is none that the page failed to handle.
    this.promise.catch(() => {});
  }
}

/** Something that ends, and with it whatever waits on its behalf. */
export class Ending {
  isOver = false;
  #fault;
  #waiting = new Set();

  /** What waits is rejected with what `fault` gives. */
  constructor(fault) { this.#fault = fault; }

  end() {
    this.isOver = true;
    this.#waiting.forEach((over) => over());
  }

  /** What the promise brings, unless the end comes first. */
  unless(promise) {
    return new Promise((resolve, reject) => {
      const over = () => reject(this.#fault());
      const settle = (settled) => (value) => {
        this.#waiting.delete(over);
        if (!this.isOver) settled(value);
      };
      if (this.isOver) return over();
      this.#waiting.add(over);
      promise.then(settle(resolve), settle(reject));
    });
  }
}

/** One after the other: what must not be done by two at once waits for its turn. */
export class Turns {
  #last = Promise.resolve();

  take(work) {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
