// Places a call, waits until it is over, and says what it cost.
//
//   SAUTIKIT_BASE_URL=http://127.0.0.1:4000 SAUTIKIT_API_KEY=skt_live_… node quickstart.mjs +254700000001 +254722000042
import { Sautikit, VoiceResponse } from "sautikit";

const client = new Sautikit();
const [from, to] = process.argv.slice(2);

const { call_id: id } = await client.calls.create({
  from,
  to,
  actions: new VoiceResponse().say("Your parcel is at the gate.").hangup().actions,
});

// Events come as they happen, until the call has ended and its cost is known.
for await (const { event } of client.calls.stream(id)) console.log(event);

const call = await client.calls.get(id);
console.log(`${call.status}, ${call.duration_seconds} s, ${call.currency} ${call.cost_minor} (minor units)`);
