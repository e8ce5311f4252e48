/** Lists: one page, or all rows of all pages. */
import { Later } from "./promises.js";
import type { RequestOptions, RequestSpec, Transport } from "./transport.js";

/** One page of a list; `for await` goes on from its first row over all later pages. */
export class Page<T> implements AsyncIterable<T> {
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

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (let page: Page<T> | undefined = this; page; page = await page.next()) yield* page.data;
  }
}

/** `await` gives the first page, `for await` all rows of all pages, each page when it is reached. */
export class PagePromise<T> extends Later<Page<T>> implements AsyncIterable<T> {
  readonly #transport: Transport;
  readonly #spec: RequestSpec;
  readonly #options?: RequestOptions;
  #first?: Promise<Page<T>>;

  /** @internal */
  constructor(transport: Transport, spec: RequestSpec, options?: RequestOptions) {
    super();
    this.#transport = transport;
    this.#spec = spec;
    this.#options = options;
  }

  async #page(cursor?: string): Promise<Page<T>> {
    const spec = cursor === undefined ? this.#spec : { ...this.#spec, query: { ...this.#spec.query, cursor } };
    const { data, headers } = await this.#transport.json<T[]>({ ...spec, gives: "list" }, this.#options).withResponse();
    return new Page<T>(data, headers.get("x-next-cursor") || undefined, (next) => this.#page(next));
  }

  /** The first page, asked for once. */
  protected override work(): Promise<Page<T>> {
    return (this.#first ??= this.#page());
  }

  /** All pages, one after the other. */
  async *pages(): AsyncGenerator<Page<T>> {
    for (let page: Page<T> | undefined = await this; page; page = await page.next()) yield page;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    yield* await this;
  }
}
