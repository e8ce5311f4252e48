/** The form that a call asks your server with. */
import { ArgumentError } from "./errors.js";
import type { VoiceCallback } from "./generated/voice.js";
import { formOf, isPayload, textOf, type Payload } from "./payload.js";

/**
 * Reads the raw body of a voice callback, or a form that a framework has parsed. Fields that are new here are kept; of a field that
 * comes twice the first counts.
 */
export function parseCallback(body: Payload | Record<string, unknown>): VoiceCallback {
  if (isPayload(body)) return formOf(textOf(body)) as unknown as VoiceCallback;
  if (typeof body !== "object" || body === null) throw new ArgumentError("There is no form: give the body as it came, or what a parser made of it.");
  // Parsers make a list of a field that comes twice.
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])) as unknown as VoiceCallback;
}
