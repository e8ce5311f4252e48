<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Sautikit\Exception\ArgumentException;

/**
 * Finds an HTTP client and factories among those that people have: Guzzle, Symfony, Nyholm, Laminas, Slim, or whatever
 * php-http/discovery knows. PSR-18 says nothing of time-outs, so Guzzle and Symfony are asked in their own ways.
 *
 * @internal
 */
final class Discovery
{
    private const FACTORIES = [
        'GuzzleHttp\Psr7\HttpFactory',
        'Nyholm\Psr7\Factory\Psr17Factory',
        'Laminas\Diactoros\RequestFactory',
        'Slim\Psr7\Factory\RequestFactory',
    ];
    private const STREAM_FACTORIES = [
        'GuzzleHttp\Psr7\HttpFactory',
        'Nyholm\Psr7\Factory\Psr17Factory',
        'Laminas\Diactoros\StreamFactory',
        'Slim\Psr7\Factory\StreamFactory',
    ];
    /** The server comments every 15 seconds: a stream on which nothing is heard for so long, seconds, is lost. */
    private const SILENCE = 45.0;

    /** @var (\Closure(RequestInterface, float, bool): ResponseInterface)|null */
    private ?\Closure $found = null;

    public function __construct(private readonly ?ClientInterface $given, private readonly float $silence = self::SILENCE)
    {
    }

    /** An answer within `$timeout` seconds; with `$stream` its head, and of its body each piece as it comes. */
    public function send(RequestInterface $message, float $timeout, bool $stream): ResponseInterface
    {
        return $this->given?->sendRequest($message) ?? ($this->found ??= $this->find())($message, $timeout, $stream);
    }

    /** @return \Closure(RequestInterface, float, bool): ResponseInterface */
    private function find(): \Closure
    {
        // Redirects would carry the key to wherever they lead. Version 6 of Guzzle is no PSR-18 client, and spells options otherwise.
        if (\is_subclass_of('GuzzleHttp\Client', ClientInterface::class)) {
            $guzzle = new \GuzzleHttp\Client(['allow_redirects' => false, 'http_errors' => false, 'synchronous' => true]);
            // Only PHP's own streams give a body piece by piece; curl's time-out would be that of the whole of it.
            $pieces = (bool) \ini_get('allow_url_fopen');

            return fn (RequestInterface $message, float $timeout, bool $stream): ResponseInterface => $guzzle->send($message, [
                'connect_timeout' => $timeout,
                'read_timeout' => $this->silence,
                'stream' => $stream,
                'timeout' => $stream && !$pieces ? 0 : $timeout,
            ]);
        }
        if (\class_exists('Symfony\Component\HttpClient\Psr18Client')) {
            $symfony = \Symfony\Component\HttpClient\HttpClient::create(['max_redirects' => 0]);

            return function (RequestInterface $message, float $timeout, bool $stream) use ($symfony): ResponseInterface {
                $limit = $stream ? ['timeout' => $this->silence] : ['timeout' => $timeout, 'max_duration' => $timeout];

                return (new \Symfony\Component\HttpClient\Psr18Client($symfony->withOptions($limit)))->sendRequest($message);
            };
        }
        if (\class_exists('Http\Discovery\Psr18ClientDiscovery')) {
            $client = \Http\Discovery\Psr18ClientDiscovery::find();

            return static fn (RequestInterface $message): ResponseInterface => $client->sendRequest($message);
        }
        throw new ArgumentException('No PSR-18 client is installed: `composer require guzzlehttp/guzzle`, or give $httpClient.');
    }

    public static function requestFactory(): RequestFactoryInterface
    {
        return self::first(self::FACTORIES, 'findRequestFactory');
    }

    public static function streamFactory(): StreamFactoryInterface
    {
        return self::first(self::STREAM_FACTORIES, 'findStreamFactory');
    }

    /** @param list<string> $classes */
    private static function first(array $classes, string $discover): mixed
    {
        foreach ($classes as $class) {
            if (\class_exists($class)) {
                return new $class();
            }
        }
        if (\class_exists('Http\Discovery\Psr17FactoryDiscovery')) {
            return \Http\Discovery\Psr17FactoryDiscovery::$discover();
        }
        throw new ArgumentException('No PSR-17 factories are installed: `composer require guzzlehttp/psr7`, or give them.');
    }
}
