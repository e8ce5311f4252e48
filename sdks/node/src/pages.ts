/** Lists: one page, or all rows of all pages. */
import type { RequestOptions, RequestSpec, Transport } from "./transport.js";

/** One page of a list. */
export class Page<T> {
  /** Its rows. */
  readonly data: T[];
  /** The cursor of the next page; undefined on the last. */
  readonly nextCursor?: string;
  readonly #next: (cursor: string) => Promise<Page<T>>;

  /** @internal */
  constructor(data: T[], nextCursor: string | undefined, next: (cursor: string) => Promise<Page<T>>) {
    this.data = data;
    this.nextCursor = nextCursor;
    this.#next = next;
  }

  /** The page after this one; undefined after the last. */
  async next(): Promise<Page<T> | undefined> {
    return this.nextCursor === undefined ? undefined : this.#next(this.nextCursor);
  }
}

/** `await` gives the first page, `for await` all rows of all pages, each page when it is reached. */
export class PagePromise<T> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #transport: Transport;
  readonly #spec: RequestSpec;
  readonly #options?: RequestOptions;
  #first?: Promise<Page<T>>;

  /** @internal */
  constructor(transport: Transport, spec: RequestSpec, options?: RequestOptions) {
    this.#transport = transport;
    this.#spec = spec;
    this.#options = options;
  }

  async #page(cursor?: string): Promise<Page<T>> {
    const spec = cursor === undefined ? this.#spec : { ...this.#spec, query: { ...this.#spec.query, cursor } };
    const { text, headers } = await this.#transport.whole(spec, this.#options);
    return new Page<T>(JSON.parse(text), headers.get("x-next-cursor") ?? undefined, (next) => this.#page(next));
  }

  /** The first page, asked for once. */
  then<A = Page<T>, B = never>(done?: ((page: Page<T>) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    this.#first ??= this.#page();
    return this.#first.then(done, failed);
  }

  /** All pages, one after the other. */
  async *pages(): AsyncGenerator<Page<T>> {
    for (let page: Page<T> | undefined = await this; page; page = await page.next()) yield page;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for await (const page of this.pages()) yield* page.data;
  }
}
