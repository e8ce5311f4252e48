<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Sautikit\Exception\SautikitException;

/**
 * Finds an HTTP client and factories among those that people have: Guzzle, Symfony, Nyholm, Laminas, Slim, or whatever
 * php-http/discovery knows. PSR-18 says nothing of time-outs, so clients of ours are made with theirs.
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

    /** @var array<string, ClientInterface> clients by time-out */
    private array $made = [];

    public function __construct(private readonly ?ClientInterface $given)
    {
    }

    /** A client whose answers come within `$timeout` seconds; with `$stream` piece by piece, without a limit. */
    public function client(float $timeout, bool $stream = false): ClientInterface
    {
        return $this->given ?? $this->made["$timeout $stream"] ??= self::make($timeout, $stream);
    }

    private static function make(float $timeout, bool $stream): ClientInterface
    {
        // Redirects would carry the key to wherever they lead.
        if (\class_exists('GuzzleHttp\Client')) {
            return new \GuzzleHttp\Client([
                'allow_redirects' => false,
                'connect_timeout' => $timeout,
                'stream' => $stream,
                'timeout' => $stream ? 0 : $timeout,
            ]);
        }
        if (\class_exists('Symfony\Component\HttpClient\Psr18Client')) {
            $limit = $stream ? [] : ['timeout' => $timeout, 'max_duration' => $timeout];

            return new \Symfony\Component\HttpClient\Psr18Client(\Symfony\Component\HttpClient\HttpClient::create($limit + ['max_redirects' => 0]));
        }
        if (\class_exists('Http\Discovery\Psr18ClientDiscovery')) {
            return \Http\Discovery\Psr18ClientDiscovery::find();
        }
        throw new SautikitException('No PSR-18 client is installed: `composer require guzzlehttp/guzzle`, or give $httpClient.');
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
        throw new SautikitException('No PSR-17 factories are installed: `composer require guzzlehttp/psr7`, or give them.');
    }
}
