/** What goes wrong: everything thrown by the SDK is a `SautikitError`. */

/** Any failure. */
export class SautikitError extends Error {
  override name = "SautikitError";
}

/** What was given can't be sent as it is. Nothing was. */
export class ArgumentError extends SautikitError {
  override name = "ArgumentError";
}

/** No answer came: no connection, or one that broke. What the request did is not known. */
export class ConnectionError extends SautikitError {
  override name = "ConnectionError";
}

/** No answer came in time. What the request did is not known. */
export class TimeoutError extends ConnectionError {
  override name = "TimeoutError";
}

/** A webhook or callback that was not signed with the secret, or too long ago. */
export class SignatureError extends SautikitError {
  override name = "SignatureError";
}

/** What the API says of a refusal. */
export interface ErrorFacts {
  status: number;
  code?: string;
  requestId?: string;
  docsUrl?: string;
  field?: string;
  details?: unknown;
  /** Seconds that the server asks to wait before the next try. */
  retryAfter?: number;
}

/** The code of an answer of success that can't be read. */
export const INVALID_RESPONSE = "sdk.invalid_response";

/**
 * The API refused a request. Subclasses go by the first part of `code`. With the code `sdk.invalid_response` it did not: the request
 * was carried out, and something else than its answer came.
 */
export class ApiError extends SautikitError {
  override name = "ApiError";
  /** HTTP status. */
  readonly status: number;
  /** The catalogue's code, such as `calls.not_found`; undefined where something in between answered. */
  readonly code?: string;
  /** Give it to the operator when you report a fault. */
  readonly requestId?: string;
  /** The code's page. */
  readonly docsUrl?: string;
  /** The member of the body, or the parameter, that is wrong. */
  readonly field?: string;
  /** Further facts, as the code's page says. */
  readonly details?: unknown;
  readonly retryAfter?: number;

  constructor(message: string, facts: ErrorFacts, options?: ErrorOptions) {
    super(message, options);
    Object.assign(this, facts);
    this.status = facts.status;
  }
}
