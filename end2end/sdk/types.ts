// What the documentation shows, for the compiler: `ways.test.js` checks it under strict.
import { type Call, type PreflightReport, preload, SautikitClient, SautikitError } from "@sautikit/browser";
import { type SautikitCallElement } from "@sautikit/browser/element";
import { useCall, useClient } from "@sautikit/browser/react";

export async function page(): Promise<void> {
  await preload();
  const client = new SautikitClient({ tokenUrl: "/api/sip-token", resume: true, microphone: "optional", callWaiting: false });
  client.on("incoming", (call) => call.accept({ others: "hold" }));
  client.on("devicechange", ({ devices, lost }) => console.log(devices.map(({ label }) => label), lost.includes("input")));
  await client.connect();
  const call: Call = await client.call("+254700000001", { from: "+254700000002", customHeaders: { "X-Customer": "Asha" } });
  const off: () => void = call.on("quality", ({ mos, rttMs }) => console.log(mos.toFixed(1), rttMs));
  call.on("ended", ({ reason, durationSeconds }) => console.log(reason === "localHangup", durationSeconds));
  call.on("warning", ({ name }) => name === "one-way-audio" && off());
  call.once("reconnected", ({ gapMs }) => console.log(gapMs));
  await call.hold();
  await call.hold(false);
  await client.devices.setInput((await client.devices.list()).find(({ kind }) => kind === "input")?.id);
  const report: PreflightReport = await client.preflight();
  console.log(report.text, report.microphone?.level);
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
