<?php
// Places a call, waits until it is over, and says what it cost.
//
//   SAUTIKIT_BASE_URL=http://127.0.0.1:4000 SAUTIKIT_API_KEY=skt_live_… php quickstart.php +254700000001 +254722000042

require 'vendor/autoload.php';

use Sautikit\Client;
use Sautikit\Voice\VoiceResponse;

$client = new Client();
[, $from, $to] = $argv;

$accepted = $client->calls->create([
    'from' => $from,
    'to' => $to,
    'actions' => (new VoiceResponse())->say('Your parcel is at the gate.')->hangup()->actions(),
]);

// Events come as they happen, until the call has ended and its cost is known.
foreach ($client->calls->stream($accepted->call_id) as $event) {
    echo $event->event, "\n";
}

$call = $client->calls->get($accepted->call_id);
echo "{$call->status}, {$call->duration_seconds} s, {$call->currency} {$call->cost_minor} (minor units)\n";
