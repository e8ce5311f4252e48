/** What can't be sent is refused before anything is. */
import { setMaxListeners } from "node:events";
import { ArgumentError } from "./errors.js";

/** What a key or an id may be made of in a header. */
export const VISIBLE = /^[!-~]+$/;
/** A header's name, or a method. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What says where a body ends: a wrong one makes two requests of one. */
const FRAMING = ["content-length", "transfer-encoding"];
const VALUE = /^[\t -~]*$/;

export type Values = Record<string, unknown>;

export function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An API key. */
export function checkKey(key: string): string {
  // It is not shown: but for a line end it may be right.
  if (typeof key !== "string" || !VISIBLE.test(key)) throw new ArgumentError("The API key is not of visible ASCII characters alone.");
  return key;
}

/** A server's address without the slashes at its end. */
export function checkAddress(given: string | URL): string {
  // A `URL` is taken too.
  const base = String(given);
  const url = parsedAddress(base);
  // `URL` takes `http:voice.example` and blanks too, which are something else with a path behind them.
  if (!url || !/^https?:\/\/[^\s\\/?#][^\s\\?#]*$/i.test(base)) {
    // It is not shown: there may be a password in it.
    throw new ArgumentError("The server's address is none such as https://voice.example.");
  }
  if (url.username || url.password) throw new ArgumentError("The server's address has a user or password in it: the API key is what is sent.");
  return base.replace(/\/+$/, "");
}

function parsedAddress(base: string): URL | undefined {
  try {
    return new URL(base);
  } catch {
    return undefined;
  }
}

/** Zero would be none to some and at once to others. */
export function checkTimeout(timeout: number | undefined): number | undefined {
  if (timeout !== undefined && !(timeout > 0 && Number.isFinite(timeout))) throw new ArgumentError(`A time-out is a number of milliseconds above 0, not ${timeout}.`);
  return timeout;
}

export function checkRetries(times: number | undefined): number | undefined {
  if (times !== undefined && (typeof times !== "number" || Number.isNaN(times))) throw new ArgumentError(`How often a request is repeated is a number, not ${times}.`);
  return times;
}

export function checkSignal(signal: AbortSignal | null | undefined): void {
  if (signal === undefined || signal === null) return;
  if (typeof signal.addEventListener !== "function") throw new ArgumentError("`signal` is no `AbortSignal`.");
  // One for many requests is no leak.
  if (signal instanceof EventTarget) setMaxListeners(0, signal);
}

/** Headers as they can be sent; those that are undefined or null are left out. */
export function checkHeaders(given: Values | Iterable<readonly [string, unknown]> | null = {}): [string, string][] {
  const headers: [string, string][] = [];
  if (typeof given !== "object") throw new ArgumentError("Headers are an object, a `Headers` or pairs.");
  const pairs = given && Symbol.iterator in given ? (given as Iterable<readonly [string, unknown]>) : Object.entries(given ?? {});
  for (const [name, value] of pairs) {
    if (value === undefined || value === null) continue;
    const text = String(value).trim();
    if (!TOKEN.test(name)) throw new ArgumentError(`This is no header's name: ${name}`);
    if (FRAMING.includes(name.toLowerCase())) throw new ArgumentError(`The header ${name} goes with the body, and is not given.`);
    // The value may be a secret.
    if (!VALUE.test(String(value))) throw new ArgumentError(`The header ${name} is not of visible ASCII characters.`);
    // Sent or replaced, it would not be the promise that was meant.
    if (text === "" && name.toLowerCase() === "idempotency-key") throw new ArgumentError("The idempotency key is empty.");
    headers.push([name, text]);
  }
  return headers;
}

/** A method in capitals, as we compare them. */
export function checkMethod(method: string): string {
  if (!TOKEN.test(method)) throw new ArgumentError(`This is no method: ${method}`);
  return method.toUpperCase();
}

/** A path that is written when it is sent, so that what can't be in one fails the request. */
export type Path = string | (() => string);

/** The tag of a path's template. */
export function path(texts: TemplateStringsArray, ...ids: unknown[]): Path {
  return () => String.raw({ raw: texts }, ...ids.map(part));
}

function part(id: unknown): string {
  const text = String(id ?? "");
  // With these the path would be that of another endpoint.
  if (["", ".", ".."].includes(text)) throw new ArgumentError(`This is no id: ${JSON.stringify(text)}`);
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    throw new ArgumentError(`This is no id: ${JSON.stringify(text)}`, { cause });
  }
}

export function writtenPath(given: Path): string {
  const text = typeof given === "function" ? given() : given;
  // Elsewhere it leads to another server, and the key with it.
  if (typeof text !== "string" || !text.startsWith("/")) throw new ArgumentError(`This is no path: ${text}`);
  return text;
}

export function writtenQuery(query: Values = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) given.set(name, value instanceof Date ? moment(name, value) : String(value));
  }
  const text = given.toString();
  return text && `?${text}`;
}

function moment(name: string, value: Date): string {
  if (Number.isNaN(value.getTime())) throw new ArgumentError(`${name} is no moment.`);
  return value.toISOString();
}

/** A body as JSON. */
export function writtenBody(body: unknown): string {
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(body, real);
  } catch (error) {
    if (error instanceof ArgumentError) throw error;
    cause = error;
  }
  if (text === undefined) throw new ArgumentError(`The body can't be written as JSON${cause ? `: ${(cause as Error).message}` : "."}`, { cause });
  return text;
}

/** JSON makes null of numbers and moments that are none, which would be taken for what was meant. */
function real(this: Values, name: string, value: unknown): unknown {
  const given = this[name];
  if (given instanceof Date) moment(name, given);
  if (typeof value === "number" && !Number.isFinite(value)) throw new ArgumentError(`${name} is no number that JSON has: ${value}`);
  return value;
}
