// Our own SDK as a customer's page has it: loaded from the server, tokens from the page's own endpoint.
import { history } from "./history.js";

export const credentials = {
  "by the page's token endpoint": () => ({ tokenUrl: "/api/sip-token" }),
  "by its own token": (account) => ({ getToken: () => account }),
  "by its own token, over a way that can be cut": (account) => ({ getToken: () => account, gateway: account.gateway }),
};

export async function start(account, options) {
  const { SautikitClient } = await import(`${account.server}/sdk/browser/index.esm.js`);
  const client = new SautikitClient(options);
  const log = history();
  let call;
  function follow(next) {
    call = next;
    call.on("ringing", () => log.add("ringing"));
    call.on("answered", () => log.add("answered"));
    call.on("ended", ({ reason, code }) => log.add("ended", { by: reason === "localHangup" ? "us" : "them", code, callId: next.callId }));
  }
  client.on("incoming", (incoming) => {
    follow(incoming);
    log.add("incoming", { from: incoming.from });
  });
  for (const event of ["reconnecting", "reconnected"]) client.on(event, () => log.add(event));
  await client.connect();
  return {
    log,
    call: async (to) => follow(await client.call(to, { from: account.from })),
    accept: () => call.accept(),
    hangup: () => call.hangup(),
    press: (keys) => call.sendDtmf(keys),
  };
}
