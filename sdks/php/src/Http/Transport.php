<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Sautikit\Client;
use Sautikit\Exception\ApiException;
use Sautikit\Exception\ConnectionException;
use Sautikit\Exception\SautikitException;
use Sautikit\Exception\TimeoutException;
use Sautikit\Model\Model;
use Sautikit\Page;
use Sautikit\RequestOptions;

/**
 * Requests and their repetition.
 *
 * @internal
 */
final class Transport
{
    /** @param array<string, string> $headers */
    public function __construct(
        private readonly string $key,
        private readonly string $base,
        private readonly float $timeout,
        private readonly int $maxRetries,
        private readonly array $headers,
        private readonly Discovery $clients,
        private readonly RequestFactoryInterface $requests,
        private readonly StreamFactoryInterface $streams,
    ) {
    }

    public function json(Request $request, ?RequestOptions $options): mixed
    {
        return self::parsed($this->text($request, $options));
    }

    public function text(Request $request, ?RequestOptions $options): string
    {
        return (string) $this->send($request, $options)->getBody();
    }

    /**
     * @param ?class-string<Model> $of
     * @return Page<mixed>
     */
    public function page(Request $request, ?string $of, ?RequestOptions $options): Page
    {
        return new Page(function (?string $cursor) use ($request, $of, $options): array {
            $response = $this->send($cursor === null ? $request : $request->withCursor($cursor), $options);
            $rows = self::parsed((string) $response->getBody());

            return [Model::read($rows, $of === null ? 'plain' : 'list', $of), $response->getHeaderLine('X-Next-Cursor') ?: null];
        });
    }

    /**
     * Server-sent events as they come, where the HTTP client hands bodies on piece by piece.
     *
     * @param ?class-string<Model> $of
     * @return \Generator<int, mixed>
     */
    public function events(Request $request, ?string $of, ?RequestOptions $options): \Generator
    {
        $body = $this->send($request, $options, stream: true)->getBody();
        $rest = '';
        $event = [];
        try {
            while (!$body->eof()) {
                $lines = \explode("\n", $rest . $body->read(8192));
                $rest = (string) \array_pop($lines);
                foreach ($lines as $line) {
                    $line = \rtrim($line, "\r");
                    if ($line !== '') {
                        [$name, $value] = \explode(':', $line, 2) + [1 => ''];
                        $value = \str_starts_with($value, ' ') ? \substr($value, 1) : $value;
                        $event[$name] = $name === 'data' && isset($event['data']) ? "{$event['data']}\n$value" : $value;
                        continue;
                    }
                    if (isset($event['data'])) {
                        unset($event['']);
                        yield Model::read($event, $of === null ? 'plain' : 'one', $of);
                    }
                    $event = [];
                }
            }
        } catch (\RuntimeException $cause) {
            throw $cause instanceof SautikitException ? $cause : new ConnectionException('The stream broke; go on with the id of the last event.', 0, $cause);
        } finally {
            $body->close();
        }
    }

    private function send(Request $request, ?RequestOptions $options, bool $stream = false): ResponseInterface
    {
        $options ??= new RequestOptions();
        $message = $this->message($request, $options);
        // Without a key the server can't tell a repeated POST from a second one.
        $mayRepeat = $request->method !== 'POST' || $message->hasHeader('Idempotency-Key');
        $retries = $mayRepeat ? $options->maxRetries ?? $this->maxRetries : 0;
        for ($attempt = 0; ; $attempt++) {
            try {
                return $this->once($message, $options->timeout ?? $this->timeout, $stream);
            } catch (SautikitException $error) {
                $wait = $attempt < $retries ? Retries::pause($error, $attempt, \random_int(0, 1_000_000) / 1_000_001) : null;
                if ($wait === null) {
                    throw $error;
                }
                \usleep((int) ($wait * 1_000_000));
            }
        }
    }

    private function once(RequestInterface $message, float $timeout, bool $stream): ResponseInterface
    {
        $what = "{$message->getMethod()} {$message->getUri()->getPath()}";
        $message->getBody()->isSeekable() && $message->getBody()->rewind();
        try {
            $response = $this->clients->client($timeout, $stream)->sendRequest($message);
        } catch (ClientExceptionInterface $cause) {
            // PSR-18 has no class for it; curl's number 28 and Symfony's words say it.
            if (\preg_match('/cURL error 28|timed? ?out|timeout/i', $cause->getMessage()) === 1) {
                throw new TimeoutException("No answer within $timeout s: $what", 0, $cause);
            }
            throw new ConnectionException("No answer: {$cause->getMessage()} ($what)", 0, $cause);
        }
        $status = $response->getStatusCode();

        return $status >= 200 && $status < 300 ? $response : throw ApiException::of($response);
    }

    private function message(Request $request, RequestOptions $options): RequestInterface
    {
        $headers = [
            'Accept' => 'application/json, */*;q=0.5',
            'User-Agent' => \sprintf('sautikit-php/%s (php %s; %s)', Client::VERSION, \PHP_VERSION, \PHP_OS_FAMILY),
            'Authorization' => "Bearer {$this->key}",
        ] + $this->headers;
        $key = $options->idempotencyKey ?? ($request->idempotent ? self::newKey() : null);
        if ($key !== null) {
            $headers['Idempotency-Key'] = $key;
        }
        $message = $this->requests->createRequest($request->method, $this->base . $request->target());
        if ($request->body !== null) {
            // An empty array would be a list in JSON.
            $body = \json_encode($request->body ?: new \stdClass(), \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES | \JSON_PRESERVE_ZERO_FRACTION);
            $message = $message->withBody($this->streams->createStream($body));
            $headers['Content-Type'] = 'application/json';
        }
        foreach ([$headers, $request->headers, $options->headers] as $some) {
            foreach ($some as $name => $value) {
                if ($value !== null) {
                    $message = $message->withHeader($name, (string) $value);
                }
            }
        }

        return $message;
    }

    private static function parsed(string $text): mixed
    {
        if ($text === '') {
            return null;
        }
        try {
            return \json_decode($text, true, 512, \JSON_THROW_ON_ERROR);
        } catch (\JsonException $cause) {
            throw new SautikitException('The answer is no JSON: is this the API\'s address?', 0, $cause);
        }
    }

    /** A random UUID. */
    private static function newKey(): string
    {
        $bytes = \random_bytes(16);
        $bytes[6] = \chr(\ord($bytes[6]) & 0x0f | 0x40);
        $bytes[8] = \chr(\ord($bytes[8]) & 0x3f | 0x80);

        return \vsprintf('%s%s-%s-%s-%s-%s%s%s', \str_split(\bin2hex($bytes), 4));
    }
}
