/** Bodies of the requests that come to you. */
import { ArgumentError } from "./errors.js";

/** A raw body. */
export type Payload = string | ArrayBuffer | ArrayBufferView;

export function isPayload(body: unknown): body is Payload {
  return typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

export function bytesOf(payload: Payload): Uint8Array {
  if (!isPayload(payload)) throw new ArgumentError("`payload` must be the body as it came, a string or bytes: what was parsed can't be verified any more.");
  if (typeof payload === "string") return Buffer.from(payload);
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
}

export function textOf(payload: Payload): string {
  return typeof payload === "string" ? payload : new TextDecoder().decode(bytesOf(payload));
}

/** The fields of a form; of one that comes twice the first. */
export function formOf(text: string): Record<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) if (!fields.has(name)) fields.set(name, value);
  return Object.fromEntries(fields);
}
