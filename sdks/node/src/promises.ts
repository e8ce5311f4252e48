/** What methods give: promises that know their answers. */

/** What an answer says. */
export interface Answer<T> {
  /** What `await` gives. */
  data: T;
  /** HTTP status. */
  status: number;
  headers: Headers;
}

/** A promise whose work its subclass names. */
export abstract class Later<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = "Promise";

  protected abstract work(): Promise<T>;

  then<A = T, B = never>(done?: ((value: T) => A | PromiseLike<A>) | null, failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<A | B> {
    return this.work().then(done, failed);
  }

  catch<B = never>(failed?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.work().catch(failed);
  }

  finally(ended?: (() => void) | null): Promise<T> {
    return this.work().finally(ended);
  }
}

/** A promise of what the API answers. */
export class ApiPromise<T> extends Later<T> {
  readonly #answer: Promise<Answer<T>>;

  /** @internal */
  constructor(answer: Promise<Answer<T>>) {
    super();
    this.#answer = answer;
  }

  protected override work(): Promise<T> {
    return this.#answer.then(({ data }) => data);
  }

  /** The answer with its status and headers, such as `X-Next-Cursor` of an export. */
  withResponse(): Promise<Answer<T>> {
    return this.#answer;
  }
}
