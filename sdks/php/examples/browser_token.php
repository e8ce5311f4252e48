<?php
// Gives the page of a signed-in person a token, so that its phone needs no API key.
//
//   SAUTIKIT_BASE_URL=… SAUTIKIT_API_KEY=… php -S 127.0.0.1:3000 browser_token.php

require 'vendor/autoload.php';

use Sautikit\Client;

// Here you know who is signed in.
$token = (new Client())->sipToken(['identity' => 'front-desk']);

header('Content-Type: application/json');
echo json_encode($token);
