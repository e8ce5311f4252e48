// Tokens and the registration that they prove.

import { fault, registrationFault } from "./faults.js";
import { readToken, refreshAfterMs, retryAfterMs } from "./sautikit.js";
import { Deferred, within } from "./waiting.js";

// An endpoint that has not answered by now is taken for broken: a page must be able to say so while its user looks.
const TOKEN_LIMIT_MS = 10_000;
// The same for the gateway's answer to REGISTER; the phone itself would wait for 32 s (timer F).
const REGISTER_LIMIT_MS = 10_000;
// Asked of the registrar; it grants no more than the token's life.
const EXPIRES_S = 300;
// A token that ends sooner is replaced before a call is made with it.
const CALL_MARGIN_MS = 10_000;
// A connection that comes back registers with the token that it has when that lives at least this long: fetching another first
// would make a call in progress wait.
const RECONNECT_MARGIN_MS = 30_000;
// The status of silence.
const TIMED_OUT = 408;
// The status for those whose token does not let them be called.
const FORBIDDEN = 403;

export class Registration {
  /**
   * Who we are until the next token (`readToken`), and when it ends by the page's clock and by the wall's: the page's own stands
   * still while the machine sleeps.
   */
  session;
  #client;
  #options;
  // At the phone, and who waits for its first answer.
  #id;
  #first;
  // Tokens in a row that could not be had or were refused.
  #failures = 0;
  #renewal;
  // Fires when the registrar forgets us.
  #forgotten;

  constructor(client, options) {
    this.#client = client;
    this.#options = options;
  }

  async #askForToken() {
    const { getToken, tokenUrl } = this.#options;
    if (typeof getToken === "function") return [await getToken(), NaN];
    const ask = (method) => fetch(tokenUrl, { method, credentials: "include" }).catch(() => { throw fault("token.unreachable"); });
    let response = await ask("POST");
    if (response.status === 405) response = await ask("GET");
    if (!response.ok) throw fault("token.refused", response.status);
    return [await response.json().catch(() => undefined), Date.parse(response.headers.get("date"))];
  }

  async #fetchToken(ending) {
    const asked = within(TOKEN_LIMIT_MS, this.#askForToken(), () => fault("token.unreachable"));
    const [answer, served] = await (ending ? ending.unless(asked) : asked);
    const session = readToken(answer, served, this.#options.gateway, Date.now());
    if (!session) throw fault("token.invalid");
    this.session = { ...session, ends: performance.now() + session.lifeMs, endsWall: Date.now() + session.lifeMs };
  }

  get #tokenLeft() {
    if (!this.session) return 0;
    const { ends, endsWall } = this.session;
    return Math.max(0, Math.min(ends - performance.now(), endsWall - Date.now()));
  }

  /** A token for a new connection: the one at hand while it is good for a while and `isProven`. */
  async haveToken(ending, isProven) {
    if (!isProven || this.#failures > 0 || this.#tokenLeft <= RECONNECT_MARGIN_MS) await this.#fetchToken(ending);
  }

  /** So that a call is never refused for the age of its token. */
  async ensureFreshToken() {
    if (this.#tokenLeft <= CALL_MARGIN_MS) await this.#renew();
  }

  /** After a sleep: a token whose last quarter has begun is renewed now, whatever its timer thinks. */
  renewIfDue() {
    if (this.#tokenLeft < this.session?.lifeMs / 4 && this.#failures === 0) this.#renewAfter(0);
  }

  /** Registers over a new connection. */
  async register(ending) {
    const { promise } = this.#first = new Deferred();
    this.#start();
    try {
      await ending.unless(within(REGISTER_LIMIT_MS, promise, () => registrationFault(TIMED_OUT)));
    } catch (thrown) {
      // Perhaps it was the token: the next try is not made with it.
      if (!ending.isOver) this.#failures += 1;
      throw thrown;
    }
  }

  #start() {
    const { domain, address, token } = this.session;
    this.#id = this.#client.phone.register(domain, address, token, EXPIRES_S);
    this.#client.pump();
  }

  /** The registrar keeps us for so long. */
  onRegistered(id, expiresS) {
    if (id !== this.#id) return;
    const granted = expiresS * 1000;
    // A renewal that hangs or fails beyond that leaves us unregistered, whatever we last heard.
    clearTimeout(this.#forgotten);
    this.#forgotten = setTimeout(() => this.#client.setUnregistered(), granted);
    this.#onAccepted(granted);
  }

  // The gateway knows us over this connection, until `granted` is over.
  #onAccepted(granted) {
    this.#failures = 0;
    this.#renewAfter(refreshAfterMs(granted, this.#tokenLeft, Math.random()));
    const waiting = this.#first;
    this.#first = undefined;
    if (waiting) waiting.resolve();
    // The connection had stood all the time; only the registration was lost.
    else if (this.#client.state === "reconnecting" && !this.#client.isReconnecting) this.#client.setRegistered();
  }

  /** Refused while connecting: `connect` fails. Refused later: nobody can ring here until a fresh token is accepted. */
  onFailed(id, status) {
    if (id !== this.#id) return;
    this.#id = undefined;
    // As the token says: it proves who we are, so that calls can be made, and nobody can ring here.
    if (status === FORBIDDEN && this.session?.rings === false) return this.#onAccepted(EXPIRES_S * 1000);
    const waiting = this.#first;
    this.#first = undefined;
    if (waiting) return waiting.reject(registrationFault(status));
    // With the connection goes the registration; the client makes both anew.
    if (this.#client.isReconnecting || this.#client.state === "disconnected") return;
    this.#client.events.emit("error", registrationFault(status));
    clearTimeout(this.#forgotten);
    this.#client.setUnregistered();
    this.#retry();
  }

  // Tries again after a wait that grows with the failures.
  #retry() {
    this.#failures += 1;
    this.#renewAfter(retryAfterMs(this.#failures));
  }

  #renewAfter(ms) {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(async () => {
      const client = this.#client;
      if (!client.isUp || client.isReconnecting) return;
      client.events.emit("tokenWillExpire");
      try {
        await this.#renew();
      } catch (thrown) {
        client.events.emit("error", thrown);
        this.#retry();
      }
    }, ms);
  }

  // Fetches a token and registers with it. A token endpoint without a fixed identity names us anew each time: then the new address
  // is registered beside the old one, whose binding is removed.
  async #renew() {
    const before = this.session?.address;
    await this.#fetchToken();
    const { phone } = this.#client;
    const old = this.#id;
    const { address, token } = this.session;
    const isRefreshed = old !== undefined && before === address && phone.refresh(old, token);
    if (!isRefreshed) this.#start();
    if (!isRefreshed && old !== undefined) phone.unregister(old);
    this.#client.pump();
  }

  /** Removes it. */
  end() {
    if (this.#id !== undefined) this.#client.phone.unregister(this.#id);
    this.forget();
  }

  /** The connection is given up, and it with that. */
  forget() {
    this.#failures = 0;
    clearTimeout(this.#renewal);
    clearTimeout(this.#forgotten);
    this.#id = this.#first = undefined;
  }
}
