/** The client: the API's resources over one transport. */
import { Resources } from "./generated/resources.js";
import type { CreateSipToken, SipToken } from "./generated/models.js";
import type { ApiPromise } from "./promises.js";
import { Transport, type ClientOptions, type RequestOptions, type RequestSpec } from "./transport.js";

/**
 * A client of one workspace.
 *
 * ```js
 * const client = new Sautikit({ apiKey: process.env.SAUTIKIT_API_KEY, baseUrl: "https://voice.example" });
 * const call = await client.calls.create({ from: "+254700000001", to: "+254722000042" });
 * ```
 *
 * Without options both come from `SAUTIKIT_API_KEY` and `SAUTIKIT_BASE_URL`.
 */
export class Sautikit extends Resources {
  readonly #transport: Transport;

  constructor(options?: ClientOptions) {
    const transport = new Transport(options ?? {});
    super(transport);
    this.#transport = transport;
  }

  /** A token for a phone in a browser or an app, to be handed to the page as it is. */
  sipToken(body: CreateSipToken = {}, options?: RequestOptions): ApiPromise<SipToken> {
    return this.sip.createToken(body, options);
  }

  /** Any request, for an endpoint that this version of the SDK does not know. */
  request<T = unknown>(spec: RequestSpec, options?: RequestOptions): ApiPromise<T> {
    // Whoever gives a key knows that the endpoint takes one.
    return this.#transport.json<T>({ idempotent: "given", ...spec }, options);
  }
}
