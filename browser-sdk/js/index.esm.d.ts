/** What your token endpoint answers: the JSON of `POST /v1/sip/token`, or of it only `token` and `expires_at`. */
export interface TokenAnswer {
  /** The JWT, of five minutes at most. */
  token: string;
  /** RFC 3339; by default what the token says. */
  expires_at?: string;
  identity?: string;
  sip_uri?: string;
  /** WebSocket URL of the gateway; by default made of the token's issuer. */
  ws_url?: string;
  ice_servers?: RTCIceServer[];
}

/**
 * - `"required"` (the default): without a microphone a call is refused with `microphone.not_found`.
 * - `"optional"`: where there is none, the call only listens ({@link Call.isListenOnly}); plugging one in and choosing it makes it heard.
 * - `"none"`: the page only listens; nobody is asked for the microphone.
 */
export type MicrophoneNeed = "required" | "optional" | "none";

export interface ClientOptions {
  /** Your endpoint that mints a token for the logged-in user; asked with POST and cookies, with GET when it answers 405. */
  tokenUrl?: string;
  /** Instead of tokenUrl: the endpoint's answer, or the token alone. */
  getToken?: () => TokenAnswer | string | Promise<TokenAnswer | string>;
  /** WebSocket URL of the gateway; by default it comes with the token. */
  gateway?: string;
  /** By default the ones that come with the token. */
  iceServers?: RTCIceServer[];
  /** Echo cancellation, noise suppression and gain control are on unless you switch them off. */
  audio?: MediaTrackConstraints;
  /** Whether calls need a microphone; `"required"` by default. */
  microphone?: MicrophoneNeed;
  /** `false`: who calls while a call is up hears that the line is busy, and the page no `incoming`. `true` by default. */
  callWaiting?: boolean;
  /**
   * `true`: a page that is loaded again within 30 seconds takes its calls over (`resumed`). A tab that is closed then ends its
   * calls after those 30 seconds instead of at once. `false` by default.
   */
  resume?: boolean;
  /**
   * `"shared"`: all tabs of this origin with the same `tokenUrl` (with `getToken`: all) are one phone. One of them, the leader, has
   * the connection and the audio; every tab shows all calls and may answer or end them. When the leader closes, another tab takes the calls over.
   * `"own"`, the default: each tab is a phone of its own, and all of them ring.
   */
  tabs?: "own" | "shared";
}

export interface AnswerOptions {
  /** Constraints of this call's microphone; the client's by default. */
  audio?: MediaTrackConstraints;
  /** Whether this call needs a microphone; the client's by default. */
  microphone?: MicrophoneNeed;
  /** What becomes of calls that are up: on hold (the default), hung up, or kept, so that they are spoken into at once. */
  others?: "hold" | "hangup" | "keep";
}

export interface CallOptions extends AnswerOptions {
  /** One of your numbers, in international format. */
  from?: string;
  /**
   * What the page of another browser or device of your workspace is told ({@link Call.customHeaders}); not sent to telephones.
   * At most ten names `X-…` (not `X-Sautikit-…`) of up to 64 letters, digits and hyphens, with values of up to 256 plain
   * characters; anything else is `call.header_invalid`.
   */
  customHeaders?: Record<string, string>;
}

export type EndReason =
  | "localHangup" | "remoteHangup" | "busy" | "noAnswer" | "rejected" | "canceled" | "failed" | "networkLost" | "insufficientFunds";

export interface Ended {
  reason: EndReason;
  /** SIP status; 200 for a call that was hung up. */
  code: number;
  /** The server's error code, such as "wallet.insufficient_balance". */
  error?: string;
  /**
   * Started seconds since the answer, 0 without one: the `duration_seconds` of the call's record. Where the gateway could not say
   * (the network was lost) they are as counted here; where the call goes on without this page (a transfer), up to its leaving.
   */
  durationSeconds: number;
}

export type ClientState = "disconnected" | "connecting" | "registered" | "reconnecting";
export type CallState = "dialing" | "ringing" | "incoming" | "accepting" | "active" | "ended";

export interface AudioDevice {
  id: string;
  kind: "input" | "output";
  /** Empty until the page may use the microphone. */
  label: string;
}

export interface Devices {
  /** Microphones and loudspeakers. */
  list(): Promise<AudioDevice[]>;
  /**
   * Speaks into this microphone from now on, in calls that are up too. Without an id: the system's choice.
   *
   * Rejects with `device.not_found`, or a `microphone.…` code when it cannot be opened; then the one before stays.
   */
  setInput(id?: string): Promise<void>;
  /**
   * Plays on this loudspeaker from now on, in calls that are up too. Without an id: the system's choice.
   *
   * Rejects with `device.not_found`, or `device.output_fixed` in a browser that lets no page choose.
   */
  setOutput(id?: string): Promise<void>;
  /** What was chosen and is there; undefined for the system's choice. */
  readonly input: string | undefined;
  readonly output: string | undefined;
}

export interface DeviceChange {
  devices: AudioDevice[];
  /** What was in use or chosen and is gone; the system's choice has taken its place. */
  lost: ("input" | "output")[];
}

export interface Finding {
  check: "page" | "microphone" | "gateway" | "network" | "audio path" | "quality";
  ok: boolean;
  /** One plain sentence. */
  text: string;
}

export interface PreflightReport {
  /** All findings are. */
  ok: boolean;
  findings: Finding[];
  microphone?: { label: string; /** Loudest sample of a second, 0 to 1. */ level: number };
  /** Median of five, milliseconds. */
  rttMs?: number;
  /** 1 to 4.5 (ITU-T G.107): measured in a call when a destination was given, else expected by the round trip alone. */
  mos?: number;
  /** Of the test call, when there was one. */
  quality?: Quality;
  /** ICE candidates of the browser by kind, such as "host/udp". */
  candidates: string[];
  /** All of it as lines of text, for a ticket. */
  text: string;
}

export interface ClientEvents {
  /** Somebody calls. {@link Call.isWaiting} says whether another call is up. */
  incoming: (call: Call) => void;
  /** A call that the page before this one had goes on here (`resume`); its `reconnected` says when it is heard again. */
  resumed: (call: Call) => void;
  registered: (info: { identity: string }) => void;
  /** Nobody can ring here: disconnected, or the registration was lost; `registered` follows when it is back. */
  unregistered: () => void;
  /** The connection to the gateway is gone; calls go on. */
  reconnecting: () => void;
  reconnected: () => void;
  /** The next token is being fetched, after 70 to 75 % of this one's life. */
  tokenWillExpire: () => void;
  /** A microphone or loudspeaker came or went. */
  devicechange: (change: DeviceChange) => void;
  error: (error: SautikitError) => void;
}

/** Every five seconds of a call. */
export interface Quality {
  /** Mean opinion score by ITU-T G.107, 1 (bad) to 4.5. */
  mos: number;
  /** Round trip to the gateway, milliseconds. */
  rttMs: number;
  /** Of what arrives, milliseconds. */
  jitterMs: number;
  /** Of what should have arrived in these five seconds, 0 to 100. */
  lossPercent: number;
  /** Of what was sent, as the gateway reports it, 0 to 100. */
  sentLossPercent: number;
}

/**
 * - `high-loss`: 3 % or more lost either way for 10 seconds; over below 1 %.
 * - `high-jitter`: 30 ms or more for 10 seconds; over below 20 ms.
 * - `high-rtt`: 400 ms or more for 10 seconds; over below 300 ms.
 * - `low-level`: the microphone stays below −45 dBFS for 30 seconds; over above −40 dBFS.
 * - `silence`: the microphone is below −70 dBFS for 10 seconds, as a muted headset is; over above −65 dBFS.
 * - `one-way-audio`: nothing arrives for 10 seconds though we send.
 *
 * Not told of what is muted or on hold.
 */
export type WarningName = "high-loss" | "high-jitter" | "high-rtt" | "low-level" | "silence" | "one-way-audio";

export interface CallEvents {
  ringing: () => void;
  answered: () => void;
  ended: (ended: Ended) => void;
  /** Before `ended`, when something went wrong. */
  failed: (ended: Ended) => void;
  muted: (info: { muted: boolean }) => void;
  /** The gateway has agreed to {@link Call.hold}. */
  held: (info: { held: boolean }) => void;
  /** How far a {@link Call.transfer} is. `code` is the SIP status of the target. After "done" comes `ended`. */
  transfer: (progress: { state: "trying" | "ringing" | "done" | "failed"; code: number }) => void;
  quality: (quality: Quality) => void;
  /** Five times a second while somebody listens: 0 (silence) to 1. */
  audiolevel: (levels: { input: number; output: number }) => void;
  /** `value` is in the unit of the threshold: percent, milliseconds, or share of full scale. */
  warning: (warning: { name: WarningName; value: number }) => void;
  "warning-cleared": (warning: { name: WarningName }) => void;
  /** The gateway or the audio's way is gone; the call goes on for 30 seconds. */
  reconnecting: () => void;
  /** Both are there again. Milliseconds without audio; 0 when only the gateway was away. */
  reconnected: (info: { gapMs: number }) => void;
}

/** Rejections and the `error` event carry one. All codes: docs/sdk/browser-errors.md. */
export class SautikitError extends Error {
  readonly code: string;
  /** What to do about it. */
  readonly remedy: string;
  constructor(code: string, message: string, remedy: string);
}

/**
 * Loads the WASM ahead of `connect()`, for pages that know early that there will be a call. Rejects with `sdk.load_failed`.
 *
 * @example
 * import { preload } from "@sautikit/browser";
 * button.addEventListener("pointerenter", () => preload(), { once: true });
 */
export function preload(): Promise<void>;

/**
 * @example
 * const client = new SautikitClient({ tokenUrl: "/api/sip-token" });
 * await client.connect();
 * const call = await client.call("+254722000042", { from: "+254700000001" });
 */
export class SautikitClient {
  /** Throws `client.options_invalid` without tokenUrl and getToken. */
  constructor(options: ClientOptions);
  /**
   * Token, WebSocket, registration. Rejects with a `token.…`, `gateway.…`, `registration.…` or `sdk.…` code within seconds, and
   * with `client.not_connected` when disconnect() comes between.
   */
  connect(): Promise<void>;
  /** Ends all calls, and a connect() that is still under way. Settles when the end of the calls was told, a second later at most. */
  disconnect(): Promise<void>;
  /**
   * A number in international format, an identity, or a sip: address. Resolves when the call is on its way; while the
   * browser asks for the microphone the call is in `calls` already and can be hung up. One is placed at a time.
   *
   * Rejects with `client.not_connected`, a `call.…` code for arguments, a `microphone.…` code, or `call.canceled`.
   */
  call(destination: string, options?: CallOptions): Promise<Call>;
  readonly devices: Devices;
  /**
   * What would a call from this page meet? Asks for the microphone, connects, and says one plain sentence for each finding;
   * never rejects for one. With `destination` it places a call of eleven seconds there, which costs what a call costs, and measures it.
   *
   * @example
   * const report = await client.preflight();
   * if (!report.ok) show(report.findings.filter(({ ok }) => !ok).map(({ text }) => text));
   */
  preflight(options?: { destination?: string; from?: string }): Promise<PreflightReport>;
  /** Returns the function that removes the handler. What happened before the first handler is told to it. */
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  once<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  off<E extends keyof ClientEvents>(event: E, handler?: ClientEvents[E]): void;
  readonly state: ClientState;
  /** This tab has the connection and the audio; with `tabs: "shared"` the one that should play a ringtone. */
  readonly isLeader: boolean;
  /** The name in the token; undefined before connect(). */
  readonly identity: string | undefined;
  /** Those that are not over. */
  readonly calls: Call[];
}

export interface Call {
  /** Names the call within the page. */
  readonly id: string;
  /** The call's id in the API, once the server told it. */
  readonly callId: string | undefined;
  readonly direction: "inbound" | "outbound";
  readonly from: string;
  readonly to: string;
  readonly state: CallState;
  /** Started seconds since the answer, counted here; after the end as in `ended`. */
  readonly durationSeconds: number;
  readonly isMuted: boolean;
  readonly isHeld: boolean;
  /** It rings while another call is up: call waiting. False from its answer on. */
  readonly isWaiting: boolean;
  /** There is no microphone in it. */
  readonly isListenOnly: boolean;
  /** Between `reconnecting` and `reconnected`. */
  readonly isReconnecting: boolean;
  /** What the caller's page says with it, or what ours said. */
  readonly customHeaders: Record<string, string>;
  /**
   * Answers an incoming call; calls that are up are held unless `others` says otherwise.
   *
   * Rejects with `call.wrong_state` when there is nothing to answer (any more), or a `microphone.…` code; then the caller hears
   * that nobody is there.
   *
   * @example
   * client.on("incoming", (call) => call.accept({ others: "hold" }));
   */
  accept(options?: AnswerOptions): Promise<void>;
  reject(options?: { reason?: "declined" | "busy" | "unavailable" }): Promise<void>;
  /** The microphone is off and the call over at once; settles when `ended` was told, a round trip later and a second at most. */
  hangup(): Promise<void>;
  mute(muted?: boolean): void;
  /**
   * On hold nobody hears the other: the far side hears silence. Silent at once; settles when the gateway has agreed.
   *
   * Rejects with `call.wrong_state` unless the call is active, and with `call.change_refused` when the gateway refuses or is away;
   * then the call is as it was.
   *
   * @example
   * await call.hold();
   * await call.hold(false);
   */
  hold(held?: boolean): Promise<void>;
  /**
   * Hands the call over: the gateway connects the other side with `to`, a number, an identity or a sip: address, within what the
   * token allows, or with whom another call of this client is with, which has to be up and ends too (attended transfer). Settles when the gateway has agreed to try; the event `transfer` tells the rest. Once they talk the call ends here.
   *
   * Rejects with `call.wrong_state`, `call.destination_invalid`, or `call.change_refused`; then the call goes on.
   *
   * @example
   * call.on("transfer", ({ state }) => state === "failed" && say("Nobody there."));
   * await call.transfer("bob");
   *
   * @example
   * const asked = await client.call("carol"); // holds `call`
   * asked.once("answered", () => call.transfer(asked));
   */
  transfer(to: string | Call): Promise<void>;
  /** 0-9, *, #, A-D; a comma waits two seconds. Behind the digits that still wait; settles when the last of these has gone. */
  sendDtmf(digits: string): Promise<void>;
  /** The browser's own statistics; `quality` is a reading of them. Rejects with `call.wrong_state` when there is no audio. */
  getStats(): Promise<RTCStatsReport>;
  on<E extends keyof CallEvents>(event: E, handler: CallEvents[E]): () => void;
  once<E extends keyof CallEvents>(event: E, handler: CallEvents[E]): () => void;
  off<E extends keyof CallEvents>(event: E, handler?: CallEvents[E]): void;
}
