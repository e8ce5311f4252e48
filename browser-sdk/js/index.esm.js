// The package's entry: SautikitClient over the WASM, which is loaded by connect() or preload() and not on import, so that
// servers and bundlers may import this file. xtask also makes `sautikit.iife.js` of it, for plain <script> elements.

/** What went wrong: `code` for programs, `message` and `remedy` for people. */
export class SautikitError extends Error {
  constructor(code, message, remedy) {
    super(message);
    this.name = "SautikitError";
    this.code = code;
    this.remedy = remedy;
  }
}

// A download that hangs must not leave connect() open for ever.
const LOAD_LIMIT_MS = 30_000;

let loading;

function loaded() {
  // A failed download may be tried again.
  loading ??= inTime(load()).catch((cause) => {
    loading = undefined;
    const error = new SautikitError("sdk.load_failed", "The SDK's WebAssembly could not be loaded.", "Serve sautikit_bg.wasm beside index.esm.js, and allow 'wasm-unsafe-eval' in the page's script-src.");
    error.cause = cause;
    throw error;
  });
  return loading;
}

async function load() {
  const { Core, begin, useErrorClass } = await import("./client.js");
  // Compiled while it arrives.
  await begin(new URL("./sautikit_bg.wasm", import.meta.url));
  useErrorClass(SautikitError);
  return Core;
}

function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not loaded in ${LOAD_LIMIT_MS} ms`)), LOAD_LIMIT_MS); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const notConnected = () => new SautikitError("client.not_connected", "The client is not connected.", "Call await client.connect() first.");

/** Loads the WASM ahead of connect(), for pages that know early that there will be a call. */
export async function preload() {
  await loaded();
}

export class SautikitClient {
  #options;
  #core;
  #connecting;
  // Names the last connect(), so that a disconnect() in the middle of it is noticed.
  #attempt;
  // Handlers attached before the WASM is there.
  #early = [];

  constructor(options) {
    if (!options?.tokenUrl && !options?.getToken) {
      throw new SautikitError("client.options_invalid", "SautikitClient needs tokenUrl or getToken.", "Pass the URL of your endpoint that mints tokens: new SautikitClient({ tokenUrl: \"/api/sip-token\" }).");
    }
    this.#options = options;
    this.devices = this.#devices();
  }

  #devices() {
    const self = this;
    return {
      list: async () => (await import("./client.js")).listDevices(),
      setInput: async (id) => (await self.#ready()).setInput(id ?? undefined),
      setOutput: async (id) => (await self.#ready()).setOutput(id ?? undefined),
      get input() { return self.#core?.input; },
      get output() { return self.#core?.output; },
    };
  }

  async #ready() {
    const Core = await loaded();
    if (this.#options.tabs === "shared" && globalThis.BroadcastChannel && navigator.locks) {
      const { SharedCore } = await import("./tabs.js");
      this.#core ??= new SharedCore(Core, this.#options, SautikitError);
    }
    this.#core ??= new Core(this.#options);
    if (this.#early.length > 0) {
      for (const entry of this.#early.splice(0)) entry.remove = this.#core.on(entry.event, entry.handler, entry.once);
    }
    return this.#core;
  }

  connect() {
    if (this.#connecting) return this.#connecting;
    const connecting = this.#connect().finally(() => { if (this.#connecting === connecting) this.#connecting = undefined; });
    return this.#connecting = connecting;
  }

  async #connect() {
    const attempt = this.#attempt = {};
    const core = await this.#ready();
    // Disconnected while the WASM was on its way.
    if (this.#attempt !== attempt) throw notConnected();
    await core.connect();
  }

  // At once, but for calls, whose end is told first; what connects meanwhile is taken back: its connect() rejects.
  async disconnect() {
    this.#attempt = undefined;
    this.#connecting = undefined;
    await this.#core?.disconnect();
  }

  async call(destination, options) {
    if (!this.#core) throw notConnected();
    // What is no text is not made one: `null` would ring the identity "null".
    return this.#core.call(typeof destination === "string" ? destination : "", options);
  }

  // Loaded when it is asked for: most pages never do.
  async preflight(options) {
    const { preflight } = await import("./preflight.js");
    return preflight(this, await this.#ready(), this.#options, options);
  }

  on(event, handler) { return this.#add(event, handler, false); }

  once(event, handler) { return this.#add(event, handler, true); }

  #add(event, handler, once) {
    if (this.#core) return this.#core.on(event, handler, once);
    const entry = { event, handler, once, remove: undefined };
    entry.remove = () => { this.#early = this.#early.filter((other) => other !== entry); };
    this.#early.push(entry);
    return () => entry.remove();
  }

  off(event, handler) {
    if (this.#core) this.#core.off(event, handler);
    else this.#early = this.#early.filter((entry) => entry.event !== event || (handler && entry.handler !== handler));
  }

  get state() { return this.#core?.state ?? "disconnected"; }

  get isLeader() { return this.#core?.isLeader ?? true; }

  get identity() { return this.#core?.identity || undefined; }

  get calls() { return this.#core?.calls ?? []; }
}
