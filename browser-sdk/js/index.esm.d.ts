export interface TokenAnswer {
  token: string;
  expires_at?: string;
  identity?: string;
  sip_uri?: string;
  ws_url?: string;
  ice_servers?: RTCIceServer[];
}

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
}

export interface CallOptions {
  /** One of your numbers, in international format. */
  from?: string;
  audio?: MediaTrackConstraints;
}

export type EndReason =
  | "localHangup" | "remoteHangup" | "busy" | "noAnswer" | "rejected" | "canceled" | "failed" | "networkLost" | "insufficientFunds";

export interface Ended {
  reason: EndReason;
  /** SIP status; 200 for a call that was hung up. */
  code: number;
  /** The server's error code, such as "wallet.insufficient_balance". */
  error?: string;
  durationSeconds: number;
}

export type ClientState = "disconnected" | "connecting" | "registered" | "reconnecting";
export type CallState = "dialing" | "ringing" | "incoming" | "accepting" | "active" | "ended";

export interface ClientEvents {
  incoming: (call: Call) => void;
  registered: (info: { identity: string }) => void;
  /** Nobody can ring here: disconnected, or the registration was lost; `registered` follows when it is back. */
  unregistered: () => void;
  reconnecting: () => void;
  reconnected: () => void;
  tokenWillExpire: () => void;
  error: (error: SautikitError) => void;
}

export interface CallEvents {
  ringing: () => void;
  answered: () => void;
  ended: (ended: Ended) => void;
  /** Before `ended`, when something went wrong. */
  failed: (ended: Ended) => void;
  muted: (info: { muted: boolean }) => void;
}

/** Rejections and the `error` event carry one. */
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

export class SautikitClient {
  constructor(options: ClientOptions);
  connect(): Promise<void>;
  /** Ends all calls, and a connect() that is still under way. */
  disconnect(): Promise<void>;
  /**
   * A number in international format, an identity, or a sip: address. Resolves when the call is on its way; while the
   * browser asks for the microphone the call is in `calls` already and can be hung up. One is placed at a time.
   */
  call(destination: string, options?: CallOptions): Promise<Call>;
  /** Returns the function that removes the handler. What happened before the first handler is told to it. */
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  once<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  off<E extends keyof ClientEvents>(event: E, handler?: ClientEvents[E]): void;
  readonly state: ClientState;
  readonly identity: string | undefined;
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
  /** Started seconds since the answer, as the call's record counts them. */
  readonly durationSeconds: number;
  readonly isMuted: boolean;
  accept(): Promise<void>;
  reject(options?: { reason?: "declined" | "busy" | "unavailable" }): Promise<void>;
  hangup(): Promise<void>;
  mute(muted?: boolean): void;
  /** 0-9, *, #, A-D; a comma waits two seconds. Behind the digits that still wait; settles when the last of these has gone. */
  sendDtmf(digits: string): Promise<void>;
  getStats(): Promise<RTCStatsReport>;
  on<E extends keyof CallEvents>(event: E, handler: CallEvents[E]): () => void;
  once<E extends keyof CallEvents>(event: E, handler: CallEvents[E]): () => void;
  off<E extends keyof CallEvents>(event: E, handler?: CallEvents[E]): void;
}
