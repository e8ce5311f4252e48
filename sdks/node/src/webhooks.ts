/** Webhooks and voice callbacks: whether a request is ours, and middleware for Express. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isObject } from "./checks.js";
import { ArgumentError, SautikitError, SignatureError } from "./errors.js";
import { bytesOf, formOf, textOf, type Payload } from "./payload.js";

export type { Payload };

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
export function verify(payload: Payload, header: string | undefined | null, secret: string, now = Date.now() / 1_000): void {
  const bytes = bytesOf(payload);
  const parts = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(header ?? "");
  if (!parts) throw new SignatureError("The signature is missing or malformed.");
  if (!secret) throw new SignatureError("The secret is empty.");
  if (typeof secret !== "string") throw new ArgumentError("The secret is no text.");
  const [, time, signature] = parts;
  const expected = createHmac("sha256", secret).update(bytes).update(`.${time}`).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature!, "hex"))) throw new SignatureError("The signature is not that of this body and secret.");
  // Last, so that an unsigned request learns nothing of our clock.
  if (Math.abs(now - Number(time)) > TOLERANCE_S) throw new SignatureError("The signature is too old, or one of the clocks is wrong.");
}

/** Verifies as `verify` does, and reads the event. */
export function parse(payload: Payload, header: string | undefined | null, secret: string): WebhookEvent {
  verify(payload, header, secret);
  return read(textOf(payload));
}

function read(text: string): WebhookEvent {
  let event: unknown;
  let cause: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    cause = error;
  }
  if (!isObject(event)) throw new SautikitError("The body is signed, and no event: voice callbacks are forms, for `parseCallback`.", { cause });
  return event as unknown as WebhookEvent;
}

/** The largest body that is read; ours are far below. */
const LONGEST_BODY = 1 << 20;

type Incoming = AsyncIterable<Uint8Array> & {
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  rawBody?: unknown;
  readableEnded?: boolean;
  readableDidRead?: boolean;
};
type Outgoing = { statusCode: number; setHeader(name: string, value: string): unknown; end(text: string): unknown };

/**
 * Middleware for Express and its like. It takes the raw body, which some platforms keep as `req.rawBody`, refuses with 400 what is
 * not signed, and hands the rest on with `req.body` as an event (JSON) or a form (voice callbacks). No other body parser may have
 * read it before.
 */
export function express(secret: string | undefined) {
  // Not only when the first webhook comes.
  if (!secret) throw new ArgumentError("The secret of `webhooks.express` is not set.");
  return async (request: Incoming, response: Outgoing, next: (error?: unknown) => void): Promise<void> => {
    try {
      const raw = await rawBody(request);
      const header = request.headers["x-sautikit-signature"];
      verify(raw, Array.isArray(header) ? undefined : header, secret);
      const text = textOf(raw);
      request.rawBody = raw;
      request.body = /^application\/json\b/i.test(String(request.headers["content-type"])) ? read(text) : formOf(text);
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
  for (const kept of [request.rawBody, request.body]) if (kept instanceof Uint8Array || typeof kept === "string") return kept;
  // What `body` holds says nothing: parsers of Express 4 set `{}` where they read nothing.
  if (request.readableEnded || request.readableDidRead || !request[Symbol.asyncIterator]) {
    throw new SautikitError("A body parser stands before `webhooks.express`: what was parsed can't be verified any more.");
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > LONGEST_BODY) throw new SignatureError("The body is too large.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
