// React hooks over SautikitClient. React 18 or later is the page's own.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { SautikitClient } from "./index.esm.js";

const CLIENT_EVENTS = ["registered", "unregistered", "reconnecting", "reconnected", "incoming", "resumed"];
const CALL_EVENTS = ["ringing", "answered", "ended", "muted", "held", "reconnecting", "reconnected", "warning", "warning-cleared"];

// A value that is the same object as long as nothing has changed, which is what useSyncExternalStore compares by.
function useSnapshot(subscribe, read) {
  const last = useRef(undefined);
  const snapshot = () => {
    const next = read();
    const keys = Object.keys(next);
    const isSame = last.current && keys.every((key) => Object.is(last.current[key], next[key]));
    return isSame ? last.current : (last.current = next);
  };
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

/** Connects while the component is mounted. */
export function useClient(options) {
  // The first render's options count: a client is not made anew when an object literal is.
  const [client] = useState(() => new SautikitClient(options));
  const [error, setError] = useState(undefined);
  const [incoming, setIncoming] = useState(undefined);
  useEffect(() => {
    const offs = [
      client.on("error", setError),
      client.on("incoming", (call) => {
        setIncoming(call);
        call.on("answered", () => setIncoming((current) => (current === call ? undefined : current)));
        call.on("ended", () => setIncoming((current) => (current === call ? undefined : current)));
      }),
    ];
    // Strict mode mounts twice: what the first disconnects, the second connects again.
    client.connect().then(() => setError(undefined), (problem) => problem.code !== "client.not_connected" && setError(problem));
    return () => {
      offs.forEach((off) => off());
      client.disconnect();
    };
  }, [client]);
  const subscribe = useCallback((changed) => {
    const offs = CLIENT_EVENTS.map((event) => client.on(event, changed));
    return () => offs.forEach((off) => off());
  }, [client]);
  const { state, identity } = useSnapshot(subscribe, () => ({ state: client.state, identity: client.identity }));
  return { client, state, identity, error, incoming };
}

const NOBODY = { state: "idle", isMuted: false, isHeld: false, isReconnecting: false, durationSeconds: 0 };

/** One call at a time of this client's: how it stands, and what can be done with it. */
export function useCall(client, incoming) {
  const [call, setCall] = useState(undefined);
  const [ended, setEnded] = useState(undefined);
  const [error, setError] = useState(undefined);
  const follow = useCallback((next) => {
    setCall(next);
    setEnded(undefined);
    next.on("ended", (how) => {
      setEnded(how);
      setCall((current) => (current === next ? undefined : current));
    });
    return next;
  }, []);
  const attempt = useCallback(async (action) => {
    setError(undefined);
    try {
      return await action();
    } catch (problem) {
      setError(problem);
      return undefined;
    }
  }, []);
  const subscribe = useCallback((changed) => {
    if (!call) return () => {};
    const offs = CALL_EVENTS.map((event) => call.on(event, changed));
    const timer = setInterval(changed, 1000);
    return () => {
      clearInterval(timer);
      offs.forEach((off) => off());
    };
  }, [call]);
  const now = useSnapshot(subscribe, () => (call ? { state: call.state, isMuted: call.isMuted, isHeld: call.isHeld, isReconnecting: call.isReconnecting, durationSeconds: call.durationSeconds } : NOBODY));
  return {
    call,
    ...now,
    ended,
    error,
    dial: (destination, options) => attempt(async () => follow(await client.call(destination, options))),
    accept: (options) => attempt(async () => {
      if (!incoming) return undefined;
      follow(incoming);
      await incoming.accept(options);
      return incoming;
    }),
    reject: (options) => attempt(async () => incoming?.reject(options)),
    hangup: () => attempt(async () => call?.hangup()),
    mute: (muted) => call?.mute(muted),
    hold: (held) => attempt(async () => call?.hold(held)),
    sendDtmf: (digits) => attempt(async () => call?.sendDtmf(digits)),
  };
}
