// SIP.js's simple user, with a SIP token in the WebSocket's URL or as the password of digest. Its keys go by INFO.
import { SimpleUser } from "sip.js/lib/platform/web/index.js";
import { history } from "./history.js";

export const credentials = {
  "by access_token": ({ ws_url, token }) => ({ gateway: `${ws_url}?access_token=${token}` }),
  "by digest": ({ ws_url, sip_uri, token }) => ({
    gateway: ws_url,
    userAgentOptions: { authorizationUsername: sip_uri.slice("sip:".length).split("@")[0], authorizationPassword: token },
  }),
};

export async function start(account, { gateway, userAgentOptions }) {
  const log = history();
  let by = "them";
  let refused;
  const user = new SimpleUser(gateway, {
    aor: account.sip_uri,
    media: { constraints: { audio: true, video: false }, remote: { audio: new Audio() } },
    userAgentOptions: { logLevel: "error", ...userAgentOptions },
    delegate: {
      onCallReceived: () => log.add("incoming", { from: user.session.remoteIdentity.uri.user }),
      onCallAnswered: () => log.add("answered"),
      // The refusal itself is told right after the end.
      onCallHangup: () => queueMicrotask(() => log.add("ended", { by, code: refused })),
    },
  });
  await user.connect();
  await new Promise((resolve, reject) => {
    const onReject = ({ message }) => reject(Object.assign(new Error(`${message.statusCode}`), { code: message.statusCode }));
    user.register({ requestDelegate: { onAccept: resolve, onReject } });
  });
  return {
    log,
    call: (to) => user.call(`sip:${to}@${account.sip_uri.split("@")[1]}`, { earlyMedia: true }, {
      requestDelegate: {
        onProgress: ({ message }) => { if (message.statusCode >= 180) log.add("ringing"); },
        onReject: ({ message }) => { refused = message.statusCode; },
      },
    }),
    accept: () => user.answer(),
    hangup: () => { by = "us"; return user.hangup(); },
    async press(keys) { for (const key of keys) await user.sendDTMF(key); },
  };
}
