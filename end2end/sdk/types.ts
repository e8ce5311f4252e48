// What the documentation shows, for the compiler: `ways.test.js` checks it under strict.
import { type Call, preload, SautikitClient, SautikitError } from "@sautikit/browser";
import { type SautikitCallElement } from "@sautikit/browser/element";
import { useCall, useClient } from "@sautikit/browser/react";

export async function page(): Promise<void> {
  await preload();
  const client = new SautikitClient({ tokenUrl: "/api/sip-token" });
  client.on("incoming", (call) => call.accept());
  await client.connect();
  const call: Call = await client.call("+254700000001", { from: "+254700000002" });
  const off: () => void = call.on("muted", ({ muted }) => console.log(muted));
  call.on("ended", ({ reason, durationSeconds }) => console.log(reason === "localHangup", durationSeconds));
  off();
  try {
    await call.sendDtmf("12#");
  } catch (error) {
    if (error instanceof SautikitError) console.log(error.code, error.remedy);
  }
  // @ts-expect-error There is no such event.
  call.on("nonsense", () => {});
  // @ts-expect-error A destination is text.
  await client.call(254);
}

export function Phone(): string {
  const { client, incoming, state } = useClient({ tokenUrl: "/api/sip-token" });
  const call = useCall(client, incoming);
  return `${state} ${call.state} ${call.durationSeconds}`;
}

export const element = (): SautikitCallElement | null => document.querySelector("sautikit-call");
