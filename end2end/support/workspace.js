// A workspace of the server, made and used through its API as a customer would.
import assert from "node:assert/strict";

/** The longest that anything awaited here takes: a call of these tests with its billing. */
const DEADLINE_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/** Looks until there is something to see. */
export async function eventually(what, look, deadline = DEADLINE_MS) {
  const until = Date.now() + deadline;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > until) throw new Error(`not within ${deadline} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** The newest sign-in link that `email` was sent. */
export const mailedLink = (url, email) => eventually(`a mail to ${email}`, async () => {
  const mails = await (await fetch(`${url}/dev/mail.json`)).json();
  return mails.filter((mail) => mail.to.includes(email)).at(-1)?.links[0];
});

/**
 * Signs up, tops up, claims +254700000001 and makes an API key, which everything after that uses. `fund` brings the money where
 * that is not the simulator's, `scopes` are the key's.
 */
export async function openWorkspace(url, options = {}) {
  const { email = "amina@example.co.ke", number = "+254700000001", money = 1_000_000 } = options;
  const { fund = (workspace, amount) => workspace.topUp(amount), scopes = ["*"] } = options;
  const workspace = new Workspace(url);
  await workspace.signIn(email);
  await workspace.post("/v1/auth/onboarding", { name: "Amina", workspace_name: email, country: "KE", currency: "KES" }, 201);
  await fund(workspace, money);
  const { key } = await workspace.post("/v1/api-keys", { name: "end2end", scopes }, 201);
  workspace.useKey(key);
  await workspace.claim(number);
  return workspace;
}

export class Workspace {
  #url;
  #headers = {};

  constructor(url) {
    this.#url = url;
  }

  useKey(key) {
    this.#headers = { Authorization: `Bearer ${key}` };
  }

  /** What every request carries: the key, or the session's cookie. */
  get headers() {
    return this.#headers;
  }

  async #send(method, path, body, expected) {
    const headers = { "Content-Type": "application/json", Origin: this.#url, ...this.#headers };
    const response = await fetch(this.#url + path, { method, headers, body: body && JSON.stringify(body) });
    const [cookie] = response.headers.getSetCookie();
    if (cookie) this.#headers = { Cookie: cookie.split(";")[0] };
    const text = await response.text();
    assert.equal(response.status, expected, `${method} ${path}: ${text}`);
    return text && JSON.parse(text);
  }

  async signIn(email) {
    await this.post("/v1/auth/magic-link", { email }, 202);
    const link = await mailedLink(this.#url, email);
    await this.post("/v1/auth/magic-link/verify", { token: new URL(link).searchParams.get("token") });
  }

  get = (path) => this.#send("GET", path, undefined, 200);
  post = (path, body, expected = 200) => this.#send("POST", path, body, expected);
  patch = (path, body) => this.#send("PATCH", path, body, 200);
  remove = (path) => this.#send("DELETE", path, undefined, 204);

  balance = async () => (await this.get("/v1/wallet/balance")).balance_minor;

  /** By the simulator, which approves after a second. */
  async topUp(amount) {
    const after = (await this.balance()) + amount;
    await this.post("/v1/wallet/top-ups", { method: "mpesa", amount_minor: amount, phone: "+254722000001" }, 202);
    await eventually("the top-up", async () => (await this.balance()) === after);
  }

  async claim(e164) {
    const available = await this.get("/v1/numbers/available?country=KE&currency=KES");
    const { id } = available.find((number) => number.number === e164);
    const claimed = await this.post(`/v1/numbers/${id}/claim`, {}, 201);
    this.number = claimed.number;
    this.numberId = claimed.id;
  }

  route = (routing) => this.patch(`/v1/numbers/${this.numberId}/routing`, routing);

  /** A SIP token that calls from the workspace's number. */
  token = (options = {}) => this.post("/v1/sip/token", { from: this.number, ...options });

  /** The sandbox carrier calls the workspace's number. */
  callUs = (from = "+254722000042") => this.post("/v1/sandbox/inbound", { to: this.number, from }, 202);

  /** The newest call that `fits`, once it has ended and was billed. */
  newestBilled = (fits = () => true) => eventually("a billed call", async () => {
    const call = (await this.get("/v1/calls?limit=10")).find(fits);
    return call && call.cost_minor !== null && call;
  });
}
