import type { AnswerOptions, Call, CallOptions, CallState, ClientOptions, ClientState, Ended, SautikitClient, SautikitError } from "./index.esm.js";

/**
 * Connects while the component is mounted. The options of the first render count.
 *
 * @example
 * const { client, state, incoming } = useClient({ tokenUrl: "/api/sip-token" });
 */
export function useClient(options: ClientOptions): {
  client: SautikitClient;
  state: ClientState;
  identity: string | undefined;
  /** The last problem; undefined once connected. */
  error: SautikitError | undefined;
  /** A call that rings. */
  incoming: Call | undefined;
};

/**
 * One call at a time: how it stands, and what can be done with it. Problems are in `error`, nothing rejects.
 *
 * @example
 * const { state, durationSeconds, dial, hangup } = useCall(client, incoming);
 */
export function useCall(client: SautikitClient, incoming?: Call): {
  call: Call | undefined;
  /** "idle" without a call. */
  state: CallState | "idle";
  isMuted: boolean;
  isHeld: boolean;
  isReconnecting: boolean;
  durationSeconds: number;
  /** How the last call ended. */
  ended: Ended | undefined;
  error: SautikitError | undefined;
  dial(destination: string, options?: CallOptions): Promise<Call | undefined>;
  /** Answers `incoming`. */
  accept(options?: AnswerOptions): Promise<Call | undefined>;
  reject(options?: { reason?: "declined" | "busy" | "unavailable" }): Promise<void>;
  hangup(): Promise<void>;
  mute(muted?: boolean): void;
  hold(held?: boolean): Promise<void>;
  sendDtmf(digits: string): Promise<void>;
};
