/** Server SDK of Sautikit. Start at `Sautikit`. */
export { Sautikit } from "./client.js";
export { ApiError, ArgumentError, ConnectionError, SautikitError, SignatureError, TimeoutError } from "./errors.js";
export * from "./generated/families.js";
export type * from "./generated/models.js";
export type * from "./generated/resources.js";
export { VoiceResponse, actions, type VoiceCallback } from "./generated/voice.js";
export { parseCallback } from "./callback.js";
export { type Page, type PagePromise } from "./pages.js";
export { type Answer, type ApiPromise } from "./promises.js";
export { type EventStream } from "./events.js";
export { type ClientOptions, type RequestOptions } from "./transport.js";
export * as webhooks from "./webhooks.js";
export type { WebhookEvent } from "./webhooks.js";
