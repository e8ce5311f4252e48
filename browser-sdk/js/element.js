// <sautikit-call>: a finished call button. Importing this file defines the element in browsers and does nothing on a server.
//
//   <sautikit-call to="+254722000042" from="+254700000001" token-url="/api/sip-token">Call us</sautikit-call>
//
// Themed by custom properties (--sautikit-color, --sautikit-end-color, --sautikit-text-color, --sautikit-radius) and parts.
import { SautikitClient } from "./index.esm.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const SPOKEN = { "*": "star", "#": "pound" };
const ENDS = {
  localHangup: "Call ended", remoteHangup: "Call ended", busy: "The line is busy", noAnswer: "Nobody answered", rejected: "The call was declined",
  canceled: "Call canceled", failed: "The call failed", networkLost: "The connection was lost", insufficientFunds: "The call could not be paid",
};
const STATES = { idle: "", connecting: "Connecting …", dialing: "Calling …", ringing: "Ringing …", active: "Connected" };

const STYLE = `
  :host { display: inline-block; font: inherit; color: inherit; }
  :host([hidden]) { display: none; }
  button { font: inherit; cursor: pointer; border: 0; border-radius: var(--sautikit-radius, 0.5rem); padding: 0.6rem 1.1rem; min-height: 2.75rem; min-width: 2.75rem;
    background: var(--sautikit-color, #0b6b3a); color: var(--sautikit-text-color, #fff); }
  button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
  button[disabled] { opacity: 0.6; cursor: default; }
  .end { background: var(--sautikit-end-color, #a3231b); }
  .quiet { background: transparent; color: inherit; border: 1px solid currentColor; }
  .quiet[aria-pressed="true"], .quiet[aria-expanded="true"] { background: var(--sautikit-color, #0b6b3a); color: var(--sautikit-text-color, #fff); }
  .row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
  .keys { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.35rem; margin-top: 0.5rem; max-width: 12rem; }
  [hidden] { display: none !important; }
  [role="alert"]:not(:empty) { margin: 0.5rem 0 0; }
  meter { width: 4rem; }
`;

const MARKUP = `
  <div class="row">
    <button part="call" class="call" type="button"><slot>Call</slot></button>
    <button part="end" class="end" type="button" hidden>Hang up</button>
    <button part="mute" class="quiet mute" type="button" aria-pressed="false" hidden>Mute</button>
    <button part="keypad" class="quiet pad" type="button" aria-expanded="false" aria-controls="keys" hidden>Keypad</button>
    <span part="status" class="status" role="status"></span>
    <span part="timer" class="timer" role="timer" aria-label="Duration" hidden>0:00</span>
    <meter part="level" class="level" min="0" max="1" value="0" aria-label="Microphone level" hidden></meter>
  </div>
  <div part="keys" id="keys" class="keys" role="group" aria-label="Keypad" hidden>
    ${KEYS.map((key) => `<button part="key" class="quiet key" type="button" data-key="${key}"${SPOKEN[key] ? ` aria-label="${SPOKEN[key]}"` : ""}>${key}</button>`).join("")}
  </div>
  <p part="error" class="error" role="alert"></p>
`;

const HTMLElementOrNothing = globalThis.HTMLElement ?? class {};

export class SautikitCallElement extends HTMLElementOrNothing {
  #client;
  #call;
  #ticking;
  #find;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${STYLE}</style>${MARKUP}`;
    this.#find = (name) => root.querySelector(`.${name}`);
    this.#find("call").addEventListener("click", () => this.call());
    this.#find("end").addEventListener("click", () => this.hangup());
    this.#find("mute").addEventListener("click", () => this.#call?.mute(!this.#call.isMuted));
    this.#find("pad").addEventListener("click", () => this.#showKeys(this.#find("keys").hidden));
    this.#find("keys").addEventListener("click", ({ target }) => {
      const key = target.closest?.("[data-key]")?.dataset.key;
      // Digits that still waited when the call ended are no problem of anybody's.
      if (key) this.#call?.sendDtmf(key).catch(() => {});
    });
  }

  disconnectedCallback() {
    this.#call?.hangup();
    this.#client?.disconnect();
    this.#client = undefined;
    clearInterval(this.#ticking);
  }

  /** Calls what the attributes say. */
  async call() {
    if (this.#call || this.#find("call").disabled) return;
    this.#explain("");
    this.#show("connecting");
    try {
      this.#client ??= this.#newClient();
      if (this.#client.state !== "registered") await this.#client.connect();
      this.#show("dialing");
      this.#follow(await this.#client.call(this.getAttribute("to") ?? "", { from: this.getAttribute("from") ?? undefined }));
    } catch (error) {
      this.#show("idle");
      this.#explain([error.message, error.remedy].filter(Boolean).join(" "));
      this.#tell("error", error);
    }
  }

  /** Ends the call. */
  async hangup() {
    await this.#call?.hangup();
  }

  #newClient() {
    return new SautikitClient({ tokenUrl: this.getAttribute("token-url") ?? "/api/sip-token", gateway: this.getAttribute("gateway") ?? undefined });
  }

  #follow(call) {
    this.#call = call;
    this.#tell("call", call);
    call.on("ringing", () => this.#show("ringing"));
    call.on("answered", () => {
      this.#show("active");
      this.#ticking = setInterval(() => this.#tick(), 500);
    });
    call.on("muted", ({ muted }) => this.#find("mute").setAttribute("aria-pressed", String(muted)));
    call.on("audiolevel", ({ input }) => { this.#find("level").value = input; });
    call.on("reconnecting", () => { this.#find("status").textContent = "Reconnecting …"; });
    call.on("reconnected", () => { this.#find("status").textContent = STATES.active; });
    call.on("ended", (ended) => {
      this.#call = undefined;
      clearInterval(this.#ticking);
      this.#show("idle");
      this.#find("status").textContent = ENDS[ended.reason];
      this.#tell("ended", ended);
    });
  }

  #show(state) {
    this.setAttribute("state", state);
    const [isIdle, isActive] = [state === "idle", state === "active"];
    const hadFocus = this.shadowRoot.activeElement;
    this.#find("call").disabled = state === "connecting";
    this.#find("call").hidden = !isIdle && state !== "connecting";
    this.#find("end").hidden = isIdle || state === "connecting";
    for (const name of ["mute", "pad", "timer", "level"]) this.#find(name).hidden = !isActive;
    if (!isActive) this.#showKeys(false);
    if (isIdle) this.#find("mute").setAttribute("aria-pressed", "false");
    this.#find("timer").textContent = "0:00";
    this.#find("status").textContent = STATES[state];
    // The keyboard stays where the action is.
    if (hadFocus?.hidden || hadFocus?.disabled) this.#find(isIdle ? "call" : "end").focus();
  }

  #showKeys(isShown) {
    this.#find("keys").hidden = !isShown;
    this.#find("pad").setAttribute("aria-expanded", String(isShown));
  }

  #tick() {
    const seconds = this.#call?.durationSeconds ?? 0;
    this.#find("timer").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  #explain(text) { this.#find("error").textContent = text; }

  #tell(event, detail) { this.dispatchEvent(new CustomEvent(`sautikit-${event}`, { detail, bubbles: true, composed: true })); }
}

if (globalThis.customElements && !customElements.get("sautikit-call")) customElements.define("sautikit-call", SautikitCallElement);
