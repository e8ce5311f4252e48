<?php
// Receives webhooks with PSR-15 middleware: each is checked, and told once.
//
//   SAUTIKIT_WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:3000 webhook_receiver.php

require 'vendor/autoload.php';

use GuzzleHttp\Psr7\HttpFactory;
use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\ServerRequest;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\RequestHandlerInterface;
use Sautikit\Webhook\VerifyMiddleware;

$receive = new class () implements RequestHandlerInterface {
    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        $event = json_decode((string) $request->getBody(), true, flags: JSON_THROW_ON_ERROR);
        // A delivery may come twice; its event's id says so. A file that can be made once stands for your database.
        if (@fopen(sys_get_temp_dir() . '/seen-' . hash('sha256', $event['id']), 'x') !== false) {
            file_put_contents('php://stdout', "{$event['event']} {$event['data']['call_id']}\n");
        }

        return new Response(204);
    }
};

$signed = new VerifyMiddleware(getenv('SAUTIKIT_WEBHOOK_SECRET'), new HttpFactory());
$response = $signed->process(ServerRequest::fromGlobals(), $receive);
http_response_code($response->getStatusCode());
echo $response->getBody();
