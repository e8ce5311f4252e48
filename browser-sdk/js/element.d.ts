/**
 * `<sautikit-call to from token-url gateway>`: a finished call button. The attribute `state` is idle, connecting, dialing, ringing or
 * active. Tells `sautikit-call` (detail: the call), `sautikit-ended` (how it ended) and `sautikit-error`, which bubble.
 *
 * Themed by `--sautikit-color`, `--sautikit-end-color`, `--sautikit-text-color`, `--sautikit-radius` and the parts call, end, mute,
 * keypad, keys, key, status, timer, level and error.
 */
export class SautikitCallElement extends HTMLElement {
  /** Calls what the attributes say; problems are shown and told, nothing rejects. */
  call(): Promise<void>;
  hangup(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap { "sautikit-call": SautikitCallElement }
}
