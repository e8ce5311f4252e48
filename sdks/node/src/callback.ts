/** The form that a call asks your server with. */
import type { VoiceCallback } from "./generated/voice.js";

/** Reads the raw body of a voice callback, or a form that a framework has parsed. Fields that are new here are kept. */
export function parseCallback(body: string | Uint8Array | Record<string, unknown>): VoiceCallback {
  if (typeof body === "string" || body instanceof Uint8Array) {
    const text = typeof body === "string" ? body : new TextDecoder().decode(body);
    return Object.fromEntries(new URLSearchParams(text)) as unknown as VoiceCallback;
  }
  return body as unknown as VoiceCallback;
}
