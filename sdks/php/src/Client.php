<?php

declare(strict_types=1);

namespace Sautikit;

use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Sautikit\Exception\ArgumentException;
use Sautikit\Http\Checks;
use Sautikit\Http\Discovery;
use Sautikit\Http\Request;
use Sautikit\Http\Transport;
use Sautikit\Model\SipToken;
use Sautikit\Resource\Resources;

/**
 * A client of one workspace.
 *
 *     $client = new Client(apiKey: 'skt_live_…', baseUrl: 'https://voice.example');
 *     $call = $client->calls->create(['from' => '+254700000001', 'to' => '+254722000042']);
 */
final class Client extends Resources
{
    public const VERSION = '0.1.0';

    private readonly Transport $transport;

    /**
     * @param ?string $apiKey else `SAUTIKIT_API_KEY`
     * @param ?string $baseUrl where the server is; else `SAUTIKIT_BASE_URL`
     * @param float $timeout seconds for each try, from sending to the end of the answer; of a stream until it begins, and then 45
     *     seconds of silence end the try; a client that you give goes by its own
     * @param int $maxRetries how often a request is repeated after a lost connection, 429 or 5xx
     * @param array<string, string> $headers sent with every request
     * @param ?ClientInterface $httpClient instead of the one that is found; it must not follow redirects
     */
    public function __construct(
        #[\SensitiveParameter] ?string $apiKey = null,
        ?string $baseUrl = null,
        float $timeout = 30.0,
        int $maxRetries = 2,
        array $headers = [],
        ?ClientInterface $httpClient = null,
        ?RequestFactoryInterface $requestFactory = null,
        ?StreamFactoryInterface $streamFactory = null,
    ) {
        $key = $apiKey ?? (\getenv('SAUTIKIT_API_KEY') ?: null);
        $base = $baseUrl ?? (\getenv('SAUTIKIT_BASE_URL') ?: null);
        if ($key === null || $key === '') {
            throw new ArgumentException('An API key is missing: give $apiKey or set SAUTIKIT_API_KEY.');
        }
        if ($base === null || $base === '') {
            throw new ArgumentException('The server\'s address is missing: give $baseUrl or set SAUTIKIT_BASE_URL.');
        }
        $this->transport = new Transport(
            Checks::key($key),
            Checks::address($base),
            Checks::timeout($timeout),
            $maxRetries,
            Checks::headers($headers),
            new Discovery($httpClient),
            $requestFactory ?? Discovery::requestFactory(),
            $streamFactory ?? Discovery::streamFactory(),
        );
        $this->attach($this->transport);
    }

    /**
     * A token for a phone in a browser or an app, to be handed to the page as it is.
     *
     * @param array<string, mixed> $body as `sip->createToken` takes it
     */
    public function sipToken(array $body = [], ?RequestOptions $options = null): SipToken
    {
        return $this->sip->createToken($body, $options);
    }

    /**
     * Any request, for an endpoint that this version of the SDK does not know: its JSON.
     *
     * @param array<string, mixed>|null $body
     * @param array<string, mixed> $query
     */
    public function request(string $method, string $path, ?array $body = null, array $query = [], ?RequestOptions $options = null): mixed
    {
        // Whoever gives a key knows that the endpoint takes one.
        $request = new Request(Checks::method($method), Checks::path($path), body: $body, query: $query, idempotent: null);

        return $this->transport->json($request, null, null, $options);
    }
}
