<?php
// A menu: asks for keys, says them back. Give its address to a number as `voice_callback_url`.
//
//   SAUTIKIT_SIGNING_SECRET=… php -S 127.0.0.1:3000 ivr.php

require 'vendor/autoload.php';

use Sautikit\Exception\SignatureException;
use Sautikit\Voice\Action;
use Sautikit\Voice\Callback;
use Sautikit\Voice\VoiceResponse;
use Sautikit\Webhook\Signature;

$body = file_get_contents('php://input');
try {
    Signature::verify($body, $_SERVER['HTTP_X_SAUTIKIT_SIGNATURE'] ?? null, getenv('SAUTIKIT_SIGNING_SECRET'));
} catch (SignatureException $error) {
    http_response_code(400);
    exit($error->getMessage());
}

$callback = Callback::fromBody($body);
$response = new VoiceResponse();
if ($_SERVER['REQUEST_URI'] === '/voice') {
    $prompt = Action::say('Press up to three keys, then hash.');
    $response->getDigits(numDigits: 3, prompt: $prompt, action: '/pressed')->say('Goodbye.');
} else {
    file_put_contents('php://stdout', "{$callback->From} pressed {$callback->Digits}\n");
    $response->say("You pressed {$callback->Digits}.")->hangup();
}
header('Content-Type: application/json');
echo $response;
