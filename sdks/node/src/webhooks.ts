/** Webhooks and voice callbacks: whether a request is ours, and middleware for Express. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { SautikitError, SignatureError } from "./errors.js";

/** Seconds that the signature's clock and ours may differ. */
export const TOLERANCE_S = 300;

/** What a webhook tells. Members that are new here are kept. */
export interface WebhookEvent {
  /** Deliveries of one event have the same: use it to drop what comes twice. */
  id: string;
  event: string;
  /** Counts up within a call. */
  sequence: number;
  created_at: string;
  workspace_id: string;
  data: Record<string, unknown>;
  [member: string]: unknown;
}

/**
 * Throws a `SignatureError` unless `header` (`X-Sautikit-Signature`) signs the raw body `payload` with `secret`, as it was issued
 * (`whsec_…`), within the last 300 seconds. Give the body as it came: parsed and printed again it is another one.
 */
export function verify(payload: string | Uint8Array, header: string | undefined | null, secret: string, now = Date.now() / 1_000): void {
  const parts = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(header ?? "");
  if (!parts) throw new SignatureError("The signature is missing or malformed.");
  if (!secret) throw new SignatureError("The secret is empty.");
  const [, time, signature] = parts;
  const expected = createHmac("sha256", secret).update(payload).update(`.${time}`).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature!, "hex"))) throw new SignatureError("The signature is not that of this body and secret.");
  // Last, so that an unsigned request learns nothing of our clock.
  if (Math.abs(now - Number(time)) > TOLERANCE_S) throw new SignatureError("The signature is too old, or one of the clocks is wrong.");
}

/** Verifies as `verify` does, and reads the event. */
export function parse(payload: string | Uint8Array, header: string | undefined | null, secret: string): WebhookEvent {
  verify(payload, header, secret);
  return JSON.parse(typeof payload === "string" ? payload : new TextDecoder().decode(payload));
}

/** The largest body that is read; ours are far below. */
const LONGEST_BODY = 1 << 20;

type Incoming = AsyncIterable<Uint8Array> & { headers: Record<string, string | string[] | undefined>; body?: unknown; rawBody?: unknown };
type Outgoing = { statusCode: number; setHeader(name: string, value: string): unknown; end(text: string): unknown };

/**
 * Middleware for Express and its like. It reads the raw body, refuses with 400 what is not signed, and hands the rest on with
 * `req.body` as an event (JSON) or a form (voice callbacks). No other body parser may stand before it.
 */
export function express(secret: string) {
  return async (request: Incoming, response: Outgoing, next: (error?: unknown) => void): Promise<void> => {
    try {
      const raw = await rawBody(request);
      const header = request.headers["x-sautikit-signature"];
      verify(raw, Array.isArray(header) ? undefined : header, secret);
      const text = typeof raw === "string" ? raw : new TextDecoder().decode(raw);
      request.rawBody = raw;
      request.body = String(request.headers["content-type"]).startsWith("application/json") ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
    } catch (error) {
      if (!(error instanceof SignatureError)) return next(error);
      response.statusCode = 400;
      response.setHeader("Content-Type", "text/plain");
      response.end(error.message);
      return;
    }
    next();
  };
}

async function rawBody(request: Incoming): Promise<Uint8Array | string> {
  if (request.body instanceof Uint8Array || typeof request.body === "string") return request.body;
  if (request.body !== undefined) throw new SautikitError("A body parser stands before `webhooks.express`: what was parsed can't be verified any more.");
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > LONGEST_BODY) throw new SignatureError("The body is too large.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
