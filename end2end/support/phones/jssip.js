// JsSIP, with a SIP token as JWT on every request or as the password of digest.
import JsSIP from "jssip";
import { history, play } from "./history.js";

export const credentials = {
  "by bearer token": ({ token }) => ({ authorization_jwt: `Bearer ${token}` }),
  "by digest": ({ token }) => ({ password: token }),
};

const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

export async function start(account, options) {
  const agent = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(account.ws_url)], uri: account.sip_uri, ...options });
  const log = history();
  let call;
  agent.on("newRTCSession", ({ session, originator }) => {
    call = session;
    const ended = ({ originator: by, message }) => log.add("ended", { by: by === "local" ? "us" : "them", code: message?.status_code });
    call.on("progress", () => log.add("ringing"));
    call.on("confirmed", () => log.add("answered"));
    call.on("ended", ended);
    call.on("failed", ended);
    if (originator !== "remote") return;
    call.on("peerconnection", ({ peerconnection }) => play(peerconnection));
    log.add("incoming", { from: call.remote_identity.uri.user });
  });
  await new Promise((resolve, reject) => {
    agent.on("registered", resolve);
    agent.on("registrationFailed", ({ response, cause }) => reject(Object.assign(new Error(`${response?.status_code} ${cause}`), { code: response?.status_code })));
    agent.start();
  });
  return {
    log,
    call: (to) => play(agent.call(`sip:${to}@${agent.configuration.uri.host}`, media).connection),
    accept: () => call.answer(media),
    hangup: () => call.terminate(),
    press: (keys) => call.sendDTMF(keys, { transportType: "RFC2833" }),
  };
}
