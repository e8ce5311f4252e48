<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\StreamFactoryInterface;
use Psr\Http\Message\StreamInterface;
use Sautikit\Client;
use Sautikit\Exception\ApiException;
use Sautikit\Exception\ArgumentException;
use Sautikit\Exception\ConnectionException;
use Sautikit\Exception\SautikitException;
use Sautikit\Exception\ShapeException;
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
        #[\SensitiveParameter] private readonly string $key,
        private readonly string $base,
        private readonly float $timeout,
        private readonly int $maxRetries,
        private readonly array $headers,
        private readonly Discovery $clients,
        private readonly RequestFactoryInterface $requests,
        private readonly StreamFactoryInterface $streams,
    ) {
    }

    /** @return array<string, mixed> what dumps show: no key */
    public function __debugInfo(): array
    {
        return ['base' => $this->base];
    }

    /**
     * The answer's JSON as the description says; anything that there may be where `$how` is null.
     *
     * @param ?class-string<Model> $of
     */
    public function json(Request $request, ?string $how, ?string $of, ?RequestOptions $options): mixed
    {
        [$response, $text] = $this->send($request, $options);

        return self::parsed($response, $text, $how, $of);
    }

    public function text(Request $request, ?RequestOptions $options): string
    {
        return $this->send($request, $options)[1];
    }

    /**
     * @param ?class-string<Model> $of
     * @return Page<mixed>
     */
    public function page(Request $request, ?string $of, ?RequestOptions $options): Page
    {
        return new Page(function (?string $cursor) use ($request, $of, $options): array {
            [$response, $text] = $this->send($cursor === null ? $request : $request->withCursor($cursor), $options);
            $cursor = $response->getHeaderLine('X-Next-Cursor');

            return [self::parsed($response, $text, 'list', $of), $cursor === '' ? null : $cursor];
        });
    }

    /**
     * Server-sent events as they come, where the HTTP client hands bodies on piece by piece, until there is nothing left to be
     * told. A connection that the server ends, or that is lost, is opened again where it stood.
     *
     * @param ?class-string<Model> $of
     * @return \Generator<int, mixed>
     */
    public function events(Request $request, ?string $of, ?RequestOptions $options): \Generator
    {
        $options ??= new RequestOptions();
        $message = $this->message($request, $options);
        $retries = $options->maxRetries ?? $this->maxRetries;
        for ($losses = 0; ;) {
            $told = $heard = false;
            $failure = $body = null;
            try {
                [$response] = $this->once($message, $options, true);
                // Nothing is left to be told.
                if ($response->getStatusCode() === 204) {
                    return;
                }
                if (\preg_match('~\Atext/event-stream\b~i', $response->getHeaderLine('Content-Type')) !== 1) {
                    throw new ShapeException('The answer is no stream: is this the API\'s address?');
                }
                $body = $response->getBody();
                $reader = new EventReader();
                foreach (self::pieces($body) as $piece) {
                    // Whatever comes, a comment too, shows that the server is there.
                    $heard = true;
                    $losses = 0;
                    foreach ($reader->take($piece) as $event) {
                        // What can't be told to the server is no place to go on from.
                        if (Checks::isVisible($event['id'] ?? '')) {
                            $message = $message->withHeader('Last-Event-ID', $event['id']);
                        }
                        if (!isset($event['data'])) {
                            continue;
                        }
                        $place = EventReader::droppedAt($event);
                        if ($place !== null) {
                            $message = $message->withHeader('Last-Event-ID', $place);
                            continue;
                        }
                        $told = true;
                        yield Model::read($event, $of === null ? 'plain' : 'one', $of);
                    }
                }
            } catch (SautikitException $failure) {
                // Looked at below.
            } finally {
                $body?->close();
            }
            if ($failure === null && $told) {
                continue;
            }
            if ($failure === null && $heard) {
                // Not at once: a server that is shutting down ends what it has only begun.
                self::sleep((float) Retries::pause(new ConnectionException(), 0, self::random()));
                continue;
            }
            $failure ??= new ConnectionException('The stream ended before anything was told.');
            $wait = $losses < $retries ? Retries::pause($failure, $losses, self::random()) : null;
            if ($wait === null) {
                throw $failure;
            }
            $losses++;
            self::sleep($wait);
        }
    }

    /** @return \Generator<int, string> a body as it comes */
    private static function pieces(StreamInterface $body): \Generator
    {
        try {
            while (!$body->eof()) {
                // PHP's streams wait for more than they hold: no more is asked for, lest an event lie there until the next comes.
                $held = $body->getMetadata('unread_bytes');
                $piece = $body->read($held === null ? 8192 : \max(1, $held));
                if ($piece !== '') {
                    yield $piece;
                } elseif ($body->getMetadata('timed_out') === true) {
                    throw new TimeoutException('Nothing was heard for too long.');
                }
            }
        } catch (\RuntimeException $cause) {
            throw match (true) {
                $cause instanceof SautikitException => $cause,
                $body->getMetadata('timed_out') === true => new TimeoutException('Nothing was heard for too long.', 0, $cause),
                default => new ConnectionException("The stream broke: {$cause->getMessage()}", 0, $cause),
            };
        }
    }

    /** @return array{ResponseInterface, string} an answer with its text */
    private function send(Request $request, ?RequestOptions $options): array
    {
        $options ??= new RequestOptions();
        $message = $this->message($request, $options);
        // Without a key the server can't tell a repeated POST from a second one.
        $mayRepeat = $request->method !== 'POST' || $message->hasHeader('Idempotency-Key');
        $retries = $mayRepeat ? $options->maxRetries ?? $this->maxRetries : 0;
        for ($attempt = 0; ; $attempt++) {
            try {
                return $this->once($message, $options, false);
            } catch (SautikitException $error) {
                $wait = $attempt < $retries ? Retries::pause($error, $attempt, self::random()) : null;
                if ($wait === null) {
                    throw $error;
                }
                self::sleep($wait);
            }
        }
    }

    /** @return array{ResponseInterface, string} one answer that is no refusal, with its text unless it is a stream */
    private function once(RequestInterface $message, RequestOptions $options, bool $stream): array
    {
        $timeout = $options->timeout ?? $this->timeout;
        $what = "{$message->getMethod()} {$message->getUri()->getPath()}";
        $message->getBody()->isSeekable() && $message->getBody()->rewind();
        $began = \hrtime(true);
        try {
            $response = $this->clients->send($message, $timeout, $stream);
            $isGood = $response->getStatusCode() >= 200 && $response->getStatusCode() < 300;
            // Here, because some clients read on only now.
            $text = $stream && $isGood ? '' : (string) $response->getBody();
        } catch (ClientExceptionInterface | \RuntimeException $cause) {
            if ($cause instanceof SautikitException) {
                throw $cause;
            }
            // PSR-18 has no class for it; curl's number 28 and Symfony's words say it, and of PHP's own streams only the clock.
            if (\hrtime(true) - $began >= $timeout * 1e9 || \preg_match('/cURL error 28|timed? ?out|timeout/i', $cause->getMessage()) === 1) {
                throw new TimeoutException("No answer within $timeout s: $what", 0, $cause);
            }
            throw new ConnectionException("No answer: {$cause->getMessage()} ($what)", 0, $cause);
        }

        if (!$isGood) {
            throw ApiException::of($response, $text);
        }
        if ($options->onResponse !== null) {
            ($options->onResponse)($response);
        }

        return [$response, $text];
    }

    private static function random(): float
    {
        return \random_int(0, 1_000_000) / 1_000_001;
    }

    private static function sleep(float $seconds): void
    {
        \usleep((int) ($seconds * 1_000_000));
    }

    private function message(Request $request, RequestOptions $options): RequestInterface
    {
        $own = [
            'Accept' => 'application/json, */*;q=0.5',
            'User-Agent' => \sprintf('sautikit-php/%s (php %s; %s)', Client::VERSION, \PHP_VERSION, \PHP_OS_FAMILY),
            'Authorization' => "Bearer {$this->key}",
        ];
        try {
            $message = $this->requests->createRequest($request->method, $this->base . $request->target());
            $last = ['Idempotency-Key' => $options->idempotencyKey];
            if ($request->body !== null) {
                $message = $message->withBody($this->streams->createStream(Json::of($request->body)));
                $last['Content-Type'] = 'application/json';
            }
            // What is named later outranks what was before.
            foreach ([$own, $this->headers, $request->headers, $options->headers, $last] as $some) {
                foreach (Checks::headers($some) as $name => $value) {
                    $message = $message->withHeader($name, $value);
                }
            }
        } catch (\InvalidArgumentException $cause) {
            throw $cause instanceof ArgumentException ? $cause : new ArgumentException("The request can't be sent: {$cause->getMessage()}", 0, $cause);
        }
        if ($request->idempotent === false) {
            // A key that the server does not look at would be taken for one that makes repeating safe.
            return $message->withoutHeader('Idempotency-Key');
        }

        return $request->idempotent === null || $message->hasHeader('Idempotency-Key') ? $message : $message->withHeader('Idempotency-Key', self::newKey());
    }

    /**
     * The JSON of an answer of success.
     *
     * @param ?class-string<Model> $of
     */
    private static function parsed(ResponseInterface $response, string $text, ?string $how, ?string $of): mixed
    {
        if ($text === '' && $how === null) {
            return null;
        }
        try {
            $value = \json_decode($text, true, 512, \JSON_THROW_ON_ERROR);
            // Objects and lists are both arrays here.
            $isObject = \is_array($value) && \ltrim($text)[0] === '{';
            $fits = match ($how) {
                null => true,
                'one', 'map' => $isObject,
                'list' => \is_array($value) && !$isObject,
                default => \is_array($value),
            };

            return $fits ? ($how === null || $of === null ? $value : Model::read($value, $how, $of)) : throw ApiException::unreadable($response);
        } catch (\JsonException | ShapeException $cause) {
            throw ApiException::unreadable($response, $cause);
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
