// Compiled, never run: what type checkers must take and refuse.
import { Sautikit, VoiceResponse, actions, ApiError, CallsError, type Call } from "sautikit";

export async function taken(client: Sautikit): Promise<string> {
  const answer = new VoiceResponse().say("Karibu", { voice: "woman" }).getDigits({ numDigits: 1, prompt: actions.say("Press 1") }).dial("client:asha", { record: "dual" }).conference("stand-up", { beep: "onEnter" }).hangup();
  const accepted = await client.calls.create({ from: "+254700000001", to: ["+254722000042", "+254722000043"], actions: answer.actions, metadata: { order: 1 } });
  await client.calls.create({ from: "+254700000001", to: "+254722000042", actions: answer }, { headers: new Headers() });
  const call: Call = await client.calls.get(accepted.call_id, { timeout: 1_000 });
  for await (const row of client.calls.list({ status: "completed" })) if (row.cost_minor === null) continue;
  await client.wallet.getStatementCsv("2026-11").then((csv) => csv.length);
  const error: ApiError = new CallsError("no", { status: 404 });
  return call.id + error.code;
}

export async function refused(client: Sautikit): Promise<void> {
  // @ts-expect-error `to` is missing
  await client.calls.create({ from: "+254700000001" });
  // @ts-expect-error a misspelled member
  await client.calls.create({ from: "+254700000001", to: "+254722000042", metdata: {} });
  // @ts-expect-error there is no such verb
  new VoiceResponse().shout("no");
  // @ts-expect-error a number of digits is a number
  new VoiceResponse().getDigits({ numDigits: "1" });
  // @ts-expect-error a recording has one channel or two
  new VoiceResponse().dial("+254722000042", { record: "stereo" });
  // @ts-expect-error no such detection
  new VoiceResponse().dial("+254722000042", { machineDetection: "nonsense" });
  // @ts-expect-error a beep is no number
  new VoiceResponse().conference("stand-up", { beep: 5 });
  // @ts-expect-error no such reason
  new VoiceResponse().reject({ reason: "zzz" });
}
