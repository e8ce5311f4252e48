/** Requests and their repetition. */
import { randomUUID } from "node:crypto";
import {
  checkAddress, checkHeaders, checkKey, checkMethod, checkRetries, checkSignal, checkTimeout, isObject, writtenBody, writtenPath, writtenQuery, type Path, type Values,
} from "./checks.js";
import { ApiError, ArgumentError, ConnectionError, INVALID_RESPONSE, SautikitError, TimeoutError } from "./errors.js";
import { EventStream, type Connection } from "./events.js";
import { FAMILIES } from "./generated/families.js";
import { ApiPromise, type Answer } from "./promises.js";
import { PagePromise } from "./pages.js";
import { pause, retryAfter, sleep } from "./retries.js";

declare const __VERSION__: string;

/** How long an answer may take, milliseconds. */
const TIMEOUT_MS = 30_000;
/** No timer of Node.js runs longer. */
const LONGEST_MS = 2 ** 31 - 1;
const MAX_RETRIES = 2;
/** The server comments every 15 seconds: a stream on which nothing is heard for so long, milliseconds, is lost. */
const SILENCE_MS = 45_000;

/** How a client is set up. */
export interface ClientOptions {
  /** The workspace's API key, `skt_live_…`; else `SAUTIKIT_API_KEY`. */
  apiKey?: string;
  /** Where the server is, such as `https://voice.example`; else `SAUTIKIT_BASE_URL`. */
  baseUrl?: string | URL;
  /**
   * How long each try may take, from sending to the end of the answer, milliseconds (30,000); of a stream until it begins, and
   * then 45 seconds of silence end the try.
   */
  timeout?: number;
  /** How often a request is repeated after a lost connection, 429 or 5xx (2). */
  maxRetries?: number;
  /** Sent with every request. */
  headers?: Record<string, string> | Iterable<readonly [string, string]>;
  /** Instead of the global `fetch`: for proxies and tests. */
  fetch?: typeof fetch;
}

/** What one request does otherwise than its client. */
export interface RequestOptions {
  /** Milliseconds for each try, as the client's. */
  timeout?: number;
  maxRetries?: number;
  /** Instead of one that is made up: best one per intention, kept until the outcome is known. What takes none is sent without. */
  idempotencyKey?: string;
  headers?: Record<string, string> | Iterable<readonly [string, string]>;
  /** Gives the request up. */
  signal?: AbortSignal;
}

/** A request without its options. */
export interface RequestSpec {
  method: string;
  path: Path;
  query?: Values;
  headers?: Values;
  body?: unknown;
  /** It takes an `Idempotency-Key`, and gets one; with `given` only where you give one. */
  idempotent?: boolean | "given";
  /** What the JSON of its answer is, `either` being an object or a list; anything where absent. */
  gives?: "object" | "list" | "either";
}

/** A request as it is sent, the same in all tries. */
interface Prepared {
  method: string;
  url: string;
  headers: Headers;
  body?: string;
  /** Milliseconds for each try. */
  timeout: number;
  retries: number;
  /** Method and path, for who reads an error. */
  what: string;
}

export class Transport {
  readonly #key: string;
  readonly #base: string;
  readonly #headers: [string, string][];
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    const key = options.apiKey ?? process.env.SAUTIKIT_API_KEY;
    const base = options.baseUrl ?? process.env.SAUTIKIT_BASE_URL;
    if (!key) throw new ArgumentError("An API key is missing: give `apiKey` or set SAUTIKIT_API_KEY.");
    if (!base) throw new ArgumentError("The server's address is missing: give `baseUrl` or set SAUTIKIT_BASE_URL.");
    this.#key = checkKey(key);
    this.#base = checkAddress(base);
    checkTimeout(options.timeout);
    checkRetries(options.maxRetries);
    this.#headers = checkHeaders(options.headers);
    this.#options = options;
  }

  json<T>(spec: RequestSpec, options?: RequestOptions): ApiPromise<T> {
    return this.#send(spec, options, async (response) => parsed(response, await response.text(), spec.gives) as T);
  }

  text(spec: RequestSpec, options?: RequestOptions): ApiPromise<string> {
    return this.#send(spec, options, (response) => response.text());
  }

  nothing(spec: RequestSpec, options?: RequestOptions): ApiPromise<void> {
    return this.#send(spec, options, async (response) => void (await response.text()));
  }

  bytes(spec: RequestSpec, options?: RequestOptions): ApiPromise<Uint8Array> {
    return this.#send(spec, options, async (response) => new Uint8Array(await response.arrayBuffer()));
  }

  page<T>(spec: RequestSpec, options?: RequestOptions): PagePromise<T> {
    return new PagePromise<T>(this, spec, options);
  }

  events<T>(spec: RequestSpec, given?: RequestOptions): EventStream<T> {
    const options = given ?? {};
    checkSignal(options.signal);
    const open = (lastEventId: string | undefined, signal: AbortSignal) => this.#connect(spec, { ...options, signal }, lastEventId);
    return new EventStream<T>({ open, retries: this.#retries(options), signal: options.signal });
  }

  #retries(options: RequestOptions): number {
    return checkRetries(options.maxRetries) ?? this.#options.maxRetries ?? MAX_RETRIES;
  }

  #send<T>(spec: RequestSpec, options: RequestOptions | undefined, read: (response: Response) => Promise<T>): ApiPromise<T> {
    return new ApiPromise(this.#final(spec, options ?? {}, read));
  }

  /** Sends until an answer is final. */
  async #final<T>(spec: RequestSpec, options: RequestOptions, read: (response: Response) => Promise<T>): Promise<Answer<T>> {
    const request = this.#prepared(spec, options);
    for (let attempt = 0; ; attempt += 1) {
      const limit = new Limit(options.signal);
      try {
        const response = await this.#answer(request, limit);
        return { data: await read(response), status: response.status, headers: response.headers };
      } catch (cause) {
        const error = limit.failure(cause, request);
        const wait = attempt < request.retries && !options.signal?.aborted ? pause(error, attempt) : undefined;
        if (wait === undefined) throw error;
        await sleep(wait, options.signal);
      } finally {
        limit.end();
      }
    }
  }

  /** Opens a stream once: the time-out is until its head has come, then silence ends it. */
  async #connect(spec: RequestSpec, options: RequestOptions, lastEventId: string | undefined): Promise<Connection> {
    const request = this.#prepared(spec, options, lastEventId);
    const limit = new Limit(options.signal);
    try {
      const response = await this.#answer(request, limit);
      limit.rest();
      if (response.status !== 204 && !/^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "")) {
        response.body?.cancel().catch(() => undefined);
        throw new SautikitError("The answer is no stream: is this the API's address?");
      }
      return { status: response.status, pieces: piecesOf(response, request, limit) };
    } catch (cause) {
      limit.end();
      throw limit.failure(cause, request);
    }
  }

  /** One answer that is no refusal. */
  async #answer({ method, url, headers, body, timeout }: Prepared, limit: Limit): Promise<Response> {
    limit.within(timeout, `No answer within ${timeout} ms`);
    const send = this.#options.fetch ?? fetch;
    // A redirect would carry the key to wherever it leads.
    const response = await send(url, { method, headers, body, signal: limit.signal, redirect: "manual" });
    if (!response.ok) throw refusal(response, await response.text());
    return response;
  }

  #prepared(spec: RequestSpec, options: RequestOptions, lastEventId?: string): Prepared {
    checkSignal(options.signal);
    const method = checkMethod(spec.method);
    const path = writtenPath(spec.path);
    const body = spec.body === undefined ? undefined : writtenBody(spec.body);
    const headers = this.#headersOf(spec, options, body === undefined ? undefined : "application/json", lastEventId);
    // Without a key the server can't tell a repeated POST from a second one.
    const mayRepeat = method !== "POST" || headers.has("Idempotency-Key");
    const retries = this.#retries(options);
    return {
      method,
      url: this.#base + path + writtenQuery(spec.query),
      headers,
      body,
      timeout: checkTimeout(options.timeout) ?? this.#options.timeout ?? TIMEOUT_MS,
      retries: mayRepeat ? retries : 0,
      what: `${method} ${path}`,
    };
  }

  #headersOf(spec: RequestSpec, options: RequestOptions, type: string | undefined, lastEventId: string | undefined): Headers {
    const headers = new Headers();
    const own = {
      Accept: "application/json, */*;q=0.5",
      "User-Agent": `sautikit-node/${__VERSION__} (node ${process.versions.node}; ${process.platform})`,
      Authorization: `Bearer ${this.#key}`,
    };
    const last = { "Content-Type": type, "Idempotency-Key": options.idempotencyKey, "Last-Event-ID": lastEventId };
    // One after the other, whatever their case: what is named later outranks what was before.
    for (const some of [own, this.#headers, spec.headers, options.headers, last]) {
      for (const [name, value] of checkHeaders(some)) headers.set(name, value);
    }
    // A key that the server does not look at would be taken for one that makes repeating safe.
    if (!spec.idempotent) headers.delete("Idempotency-Key");
    else if (spec.idempotent === true && !headers.has("Idempotency-Key")) headers.set("Idempotency-Key", randomUUID());
    return headers;
  }
}

/** What ends one try: its time, or its caller. */
class Limit {
  readonly #ended = new AbortController();
  readonly #caller?: AbortSignal;
  readonly #giveUp = () => this.#ended.abort();
  #timer?: ReturnType<typeof setTimeout>;
  #late?: string;

  constructor(caller?: AbortSignal) {
    this.#caller = caller;
    caller?.addEventListener("abort", this.#giveUp);
    if (caller?.aborted) this.#giveUp();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** From now on it may take so long. */
  within(ms: number, late: string): void {
    this.rest();
    this.#timer = setTimeout(() => {
      this.#late = late;
      this.#ended.abort();
    }, Math.min(ms, LONGEST_MS));
  }

  /** No time runs until `within`. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  /** What a failure of the try is to its caller. */
  failure(error: unknown, { what }: Prepared): unknown {
    if (error instanceof SautikitError) return error;
    if (this.#caller?.aborted) return this.#caller.reason;
    if (this.#late !== undefined) return new TimeoutError(`${this.#late}: ${what}`, { cause: error });
    const cause = ((error as { cause?: unknown } | undefined)?.cause ?? error) as { code?: string; message?: string } | undefined;
    // `fetch` finds some headers wrong only now, such as `Connection`, and asks no ports of other protocols, such as 5060.
    if (cause?.code === "UND_ERR_INVALID_ARG" || cause?.code === "UND_ERR_NOT_SUPPORTED" || cause?.message === "bad port") return new ArgumentError(`The request can't be sent: ${cause.message} (${what})`, { cause: error });
    return new ConnectionError(`No answer: ${cause?.message ?? cause} (${what})`, { cause: error });
  }

  end(): void {
    this.rest();
    this.#caller?.removeEventListener("abort", this.#giveUp);
  }
}

/** The text of a stream as it comes. */
async function* piecesOf(response: Response, request: Prepared, limit: Limit): AsyncGenerator<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  try {
    while (reader) {
      // Only while we wait: whoever takes long over an event has not lost the stream.
      limit.within(SILENCE_MS, `Nothing was heard for ${SILENCE_MS} ms`);
      const { done, value } = await reader.read();
      limit.rest();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (cause) {
    throw limit.failure(cause, request);
  } finally {
    limit.end();
    // Closes the connection where the reader left.
    reader?.cancel().catch(() => undefined);
  }
}

/** The JSON of an answer of success. */
function parsed(response: Response, text: string, gives: RequestSpec["gives"]): unknown {
  if (text === "" && gives === undefined) return undefined;
  let value: unknown;
  let cause: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  const fits = { object: isObject, list: isList, either: (value: unknown) => isObject(value) || Array.isArray(value) };
  if (cause === undefined && (gives === undefined || fits[gives](value))) return value;
  throw new ApiError("the answer is not what this endpoint gives", {
    status: response.status,
    code: INVALID_RESPONSE,
    requestId: response.headers.get("x-request-id") ?? undefined,
  }, { cause });
}

/** All lists of the API are of objects. */
function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}

/** The error that an answer says; what lies between answers without a body of ours, or with one of its own. */
function refusal(response: Response, text: string): ApiError {
  let error: Record<string, unknown> = {};
  try {
    error = Object(JSON.parse(text).error);
  } catch {
    // Something in between speaks.
  }
  const said = (name: string) => (typeof error[name] === "string" ? (error[name] as string) : undefined);
  const code = said("code");
  const family = code?.split(".")[0];
  const Class = family !== undefined && Object.hasOwn(FAMILIES, family) ? FAMILIES[family]! : ApiError;
  return new Class(said("message") ?? `The server answered ${response.status}.`, {
    status: response.status,
    code,
    requestId: said("request_id") ?? response.headers.get("x-request-id") ?? undefined,
    docsUrl: said("docs_url"),
    field: said("field"),
    details: error.details,
    retryAfter: retryAfter(response.headers.get("retry-after")),
  });
}
