/** Server-sent events as they come. */
import { ConnectionError } from "./errors.js";

/** Events of a stream: `for await` reads until the server ends it, and leaving the loop closes the connection. */
export class EventStream<T> implements AsyncIterable<T> {
  readonly #open: () => Promise<Response>;

  /** @internal */
  constructor(open: () => Promise<Response>) {
    this.#open = open;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    const response = await this.#open();
    if (!response.body) return;
    const text = response.body.pipeThrough(new TextDecoderStream());
    let rest = "";
    try {
      for await (const piece of text as unknown as AsyncIterable<string>) {
        const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const event = this.#line(line);
          if (event) yield event as T;
        }
      }
    } catch (cause) {
      throw new ConnectionError("The stream broke; go on with the id of the last event.", { cause });
    }
  }

  #event: Record<string, string> = {};

  /** Takes a line up; an empty one ends an event. */
  #line(line: string): Record<string, string> | undefined {
    if (line === "") {
      const event = this.#event;
      this.#event = {};
      return event.data === undefined ? undefined : event;
    }
    if (line.startsWith(":")) return undefined;
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    this.#event[name] = name === "data" && this.#event.data !== undefined ? `${this.#event.data}\n${value}` : value;
    return undefined;
  }
}
