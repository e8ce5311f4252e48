"""Places a call, waits until it is over, and says what it cost.

SAUTIKIT_BASE_URL=http://127.0.0.1:4000 SAUTIKIT_API_KEY=skt_live_… python quickstart.py +254700000001 +254722000042
"""

import sys

from sautikit import Sautikit, VoiceResponse

client = Sautikit()
from_, to = sys.argv[1:]

accepted = client.calls.create(
    from_=from_,
    to=to,
    actions=VoiceResponse().say("Your parcel is at the gate.").hangup(),
)

# Events come as they happen, until the call has ended and its cost is known.
for event in client.calls.stream(accepted.call_id):
    print(event.event)

call = client.calls.get(accepted.call_id)
print(f"{call.status}, {call.duration_seconds} s, {call.currency} {call.cost_minor} (minor units)")
