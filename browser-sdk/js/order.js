// What a page wants of a call, read before anything is done for it.

import { fault } from "./faults.js";
import { mayTell, preferredIdentity, target } from "./sautikit.js";

/** Address, caller and headers (a line each, name and value in turn) of a call. */
export function orderOf(destination, { from, customHeaders }, domain) {
  const address = target(destination, domain);
  if (!address) throw fault("call.destination_invalid");
  const own = typeof from === "string" && from ? from : undefined;
  const identity = own && preferredIdentity(own, domain);
  if (own && !identity) throw fault("call.from_invalid");
  const told = Object.entries(customHeaders ?? {}).flat();
  const isLine = (text) => typeof text === "string" && !text.includes("\n");
  if (typeof (customHeaders ?? {}) !== "object" || !told.every(isLine) || !mayTell(told.join("\n"))) throw fault("call.header_invalid");
  const headers = identity ? ["P-Preferred-Identity", identity, ...told] : told;
  return { target: address, from: own, headers: headers.join("\n") };
}
