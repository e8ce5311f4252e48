/** Server-sent events as they come. */
import { VISIBLE } from "./checks.js";
import { ConnectionError, SautikitError } from "./errors.js";
import { pause, sleep } from "./retries.js";

/** One connection: its answer, and the pieces of its text. */
export interface Connection {
  status: number;
  pieces: AsyncIterable<string>;
}

/** How a stream comes by its connections. */
export interface Source {
  /** Connects, to go on after the event of that id, until `left` is aborted. */
  open(lastEventId: string | undefined, left: AbortSignal): Promise<Connection>;
  /** How many connections in a row may be lost. */
  retries: number;
  signal?: AbortSignal;
}

/** More than any event of ours has, in characters: what does not end would fill the memory. */
const LONGEST_EVENT = 1 << 20;

/** Why a connection ends that nobody reads any more. */
const LEFT = new Error("The stream was left.");

type Event = { id?: string; event?: string; data?: string };

/**
 * Events of a stream: `for await` reads until there is nothing left to be told, and leaving the loop closes the connection. A
 * connection that the server ends, or that is lost, is opened again where it stood.
 */
export class EventStream<T> implements AsyncIterable<T> {
  readonly #source: Source;

  /** @internal */
  constructor(source: Source) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncGenerator<T> {
    const left = new AbortController();
    const events = this.#until(left);
    const leave = events.return.bind(events);
    // A generator that waits for an event would leave only after it.
    events.return = (value) => {
      left.abort(LEFT);
      return leave(value);
    };
    return events;
  }

  async *#until(left: AbortController): AsyncGenerator<T> {
    const { signal } = this.#source;
    const giveUp = () => left.abort(signal!.reason);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    try {
      yield* this.#events(left.signal);
    } catch (error) {
      if (error !== LEFT) throw error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  async *#events(signal: AbortSignal): AsyncGenerator<T> {
    const { open, retries } = this.#source;
    let last: string | undefined;
    for (let losses = 0; ; ) {
      let told = false;
      let heard = false;
      let failure: unknown;
      try {
        const { status, pieces } = await open(last, signal);
        // Nothing is left to be told.
        if (status === 204) return;
        const reader = new Reader();
        for await (const piece of pieces) {
          // Whatever comes, a comment too, shows that the server is there.
          heard = true;
          losses = 0;
          for (const event of reader.take(piece)) {
            // What can't be told to the server is no place to go on from.
            if (VISIBLE.test(event.id ?? "")) last = event.id;
            if (event.data === undefined) continue;
            const place = droppedAt(event);
            if (place !== undefined) {
              last = place;
              continue;
            }
            told = true;
            yield event as T;
          }
        }
      } catch (error) {
        failure = error;
      }
      if (failure === undefined && told) continue;
      if (failure === undefined && heard) {
        // Not at once: a server that is shutting down ends what it has only begun.
        await sleep(pause(new ConnectionError(), 0)!, signal);
        continue;
      }
      failure ??= new ConnectionError("The stream ended before anything was told.");
      const wait = losses < retries && failure instanceof SautikitError ? pause(failure, losses) : undefined;
      if (wait === undefined) throw failure;
      losses += 1;
      await sleep(wait, signal);
    }
  }
}

/** Where a reader who was too slow goes on; undefined for any other event. */
function droppedAt({ event, data }: Event): string | undefined {
  if (event !== "dropped") return undefined;
  try {
    const { last_event_id: place } = JSON.parse(data!);
    return VISIBLE.test(String(place ?? "")) ? String(place) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes events of text. */
class Reader {
  #rest = "";
  #event: Event = {};

  /** The events that end in this piece; those that only have an id, too. */
  *take(piece: string): Generator<Event> {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length + (this.#event.data?.length ?? 0) > LONGEST_EVENT) throw new SautikitError("An event can't be read: it is too long.");
    for (const line of lines) {
      if (line !== "") this.#line(line);
      else {
        const event = this.#event;
        this.#event = {};
        yield event;
      }
    }
  }

  #line(line: string): void {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    const { data } = this.#event;
    if (name === "data") this.#event.data = data === undefined ? value : `${data}\n${value}`;
    else if (name === "id" || name === "event") this.#event[name] = value;
  }
}
