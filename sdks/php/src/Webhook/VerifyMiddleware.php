<?php

declare(strict_types=1);

namespace Sautikit\Webhook;

use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Server\MiddlewareInterface;
use Psr\Http\Server\RequestHandlerInterface;
use Sautikit\Exception\ArgumentException;
use Sautikit\Exception\SignatureException;
use Sautikit\Http\Discovery;

/** PSR-15 middleware that hands on what is signed, and answers 400 to the rest; for webhooks and voice callbacks alike. */
final class VerifyMiddleware implements MiddlewareInterface
{
    public function __construct(
        #[\SensitiveParameter] private readonly string $secret,
        private readonly ResponseFactoryInterface $responses,
        private readonly ?StreamFactoryInterface $streams = null,
    ) {
        if ($secret === '') {
            // Not only when the first webhook comes.
            throw new ArgumentException('The secret of VerifyMiddleware is not set.');
        }
    }

    public function process(ServerRequestInterface $request, RequestHandlerInterface $handler): ResponseInterface
    {
        $body = (string) $request->getBody();
        try {
            Signature::verify($body, $request->getHeaderLine('X-Sautikit-Signature'), $this->secret);
        } catch (SignatureException $error) {
            $response = $this->responses->createResponse(400)->withHeader('Content-Type', 'text/plain');
            $response->getBody()->write($error->getMessage());

            return $response;
        }
        // What was read may not be there a second time.
        if ($request->getBody()->isSeekable()) {
            $request->getBody()->rewind();
        } else {
            $request = $request->withBody(($this->streams ?? Discovery::streamFactory())->createStream($body));
        }

        return $handler->handle($request);
    }
}
