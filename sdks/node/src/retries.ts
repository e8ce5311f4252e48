/** Whether and when a failed request is sent again. */
import { ApiError, ConnectionError } from "./errors.js";

/** The first wait is at most this, milliseconds; each later one twice as long. */
const FIRST_MS = 500;
/** No wait of our own choice is longer. */
const LONGEST_MS = 8_000;
/** A server that asks for more than this many seconds is not waited for. */
const PATIENCE_S = 60;

/** Milliseconds until the next try; undefined when there is none. `random` is in [0, 1). */
export function pause(error: unknown, attempt: number, random = Math.random): number | undefined {
  // Full jitter: clients that failed together do not come back together.
  const jitter = random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  if (error instanceof ConnectionError) return jitter;
  if (!(error instanceof ApiError)) return undefined;
  const inProgress = error.status === 409 && (error.details as { reason?: string } | undefined)?.reason === "in_progress";
  if (error.status !== 429 && error.status < 500 && !inProgress) return undefined;
  if (error.retryAfter === undefined) return jitter;
  // Never before the server said.
  return error.retryAfter > PATIENCE_S ? undefined : error.retryAfter * 1_000 + jitter;
}

/** The three forms of a moment in RFC 7231; the last one names no zone. */
const MOMENT = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$|^\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT$|^(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;

/** Seconds of a `Retry-After`, which may be a moment. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const moment = MOMENT.exec(text);
  if (!moment) return undefined;
  const at = new Date(moment[1] ? `${text} GMT` : text);
  // A day that there is not would be one of the next month, and 24:00 the next day.
  const [, day, hour] = /^\D+(\d+)\D.*?(\d\d):/.exec(text)!;
  return at.getUTCDate() === Number(day) && at.getUTCHours() === Number(hour) ? Math.max(0, (at.getTime() - now) / 1_000) : undefined;
}

/** Waits, unless the caller gives up. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
    if (signal?.aborted) done();
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      signal?.aborted ? reject(signal.reason) : resolve();
    }
  });
}
