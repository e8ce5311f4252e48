<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Sautikit\Exception\ArgumentException;

/**
 * What can't be sent is refused before anything is.
 *
 * @internal
 */
final class Checks
{
    /** A header's name, or a method. */
    private const TOKEN = '/\A[!#$%&\'*+.^_`|~0-9A-Za-z-]+\z/';

    /** What says where a body ends: a wrong one makes two requests of one. */
    private const FRAMING = ['content-length', 'transfer-encoding'];

    /** Whether a key or an id can be sent in a header. */
    public static function isVisible(string $text): bool
    {
        return \preg_match('/\A[!-~]+\z/', $text) === 1;
    }

    public static function key(#[\SensitiveParameter] string $key): string
    {
        // It is not shown: but for a line end it may be right.
        return self::isVisible($key) ? $key : throw new ArgumentException('The API key is not of visible ASCII characters alone.');
    }

    /** A server's address without the slashes at its end. */
    public static function address(string $base): string
    {
        $parts = \preg_match('~\Ahttps?://[^\s\\\\/?#][^\s\\\\?#]*\z~i', $base) === 1 ? \parse_url($base) : false;
        if ($parts === false || ($parts['host'] ?? '') === '') {
            // It is not shown: there may be a password in it.
            throw new ArgumentException('The server\'s address is none such as https://voice.example.');
        }
        if (isset($parts['user']) || isset($parts['pass'])) {
            throw new ArgumentException('The server\'s address has a user or password in it: the API key is what is sent.');
        }

        return \rtrim($base, '/');
    }

    /** Zero would be none to some clients and at once to others. */
    public static function timeout(float $timeout): float
    {
        return $timeout > 0 && \is_finite($timeout) ? $timeout : throw new ArgumentException("A time-out is a number of seconds above 0, not $timeout.");
    }

    /**
     * Headers as they can be sent; those that are null are left out.
     *
     * @param array<string, mixed> $given
     * @return array<string, string>
     */
    public static function headers(array $given): array
    {
        $headers = [];
        foreach ($given as $name => $value) {
            if ($value === null) {
                continue;
            }
            $name = (string) $name;
            if (\preg_match(self::TOKEN, $name) !== 1) {
                throw new ArgumentException("This is no header's name: $name");
            }
            if (\in_array(\strtolower($name), self::FRAMING, true)) {
                throw new ArgumentException("The header $name goes with the body, and is not given.");
            }
            // The value may be a secret.
            if (!\is_scalar($value) && !$value instanceof \Stringable || \preg_match('/\A[\t -~]*\z/', (string) $value) !== 1) {
                throw new ArgumentException("The header $name is not of visible ASCII characters.");
            }
            $headers[$name] = \trim((string) $value);
            // Sent or replaced, it would not be the promise that was meant.
            if ($headers[$name] === '' && \strtolower($name) === 'idempotency-key') {
                throw new ArgumentException('The idempotency key is empty.');
            }
        }

        return $headers;
    }

    /** A method in capitals, as we compare them. */
    public static function method(string $method): string
    {
        return \preg_match(self::TOKEN, $method) === 1 ? \strtoupper($method) : throw new ArgumentException("This is no method: $method");
    }

    public static function path(string $path): string
    {
        // Elsewhere it leads to another server, and the key with it.
        return \preg_match('/\A\/[^\x00-\x1f\x7f]*\z/', $path) === 1 ? $path : throw new ArgumentException("This is no path: $path");
    }

    /** A value as one part of a path. */
    public static function id(string $id): string
    {
        // With these the path would be that of another endpoint.
        return \in_array($id, ['', '.', '..'], true) ? throw new ArgumentException("This is no id: '$id'") : \rawurlencode($id);
    }
}
