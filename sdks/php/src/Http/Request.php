<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Sautikit\Exception\ArgumentException;

/**
 * A request without its options.
 *
 * @internal
 */
final class Request
{
    /**
     * @param array<string, mixed>|null $body
     * @param array<string, mixed> $query
     * @param array<string, mixed> $headers
     * @param ?bool $idempotent it takes an `Idempotency-Key`, and gets one; with null only where one is given
     */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly ?array $body = null,
        public readonly array $query = [],
        public readonly array $headers = [],
        public readonly ?bool $idempotent = false,
    ) {
    }

    public function withCursor(string $cursor): self
    {
        return new self($this->method, $this->path, $this->body, ['cursor' => $cursor] + $this->query, $this->headers, $this->idempotent);
    }

    /** Path and query. */
    public function target(): string
    {
        $given = \array_filter($this->query, static fn (mixed $value): bool => $value !== null);
        $written = [];
        foreach ($given as $name => $value) {
            $written[$name] = match (true) {
                \is_bool($value) => $value ? 'true' : 'false',
                $value instanceof \DateTimeInterface => Json::moment($value),
                $value instanceof \BackedEnum => (string) $value->value,
                \is_scalar($value), $value instanceof \Stringable => (string) $value,
                default => throw new ArgumentException("$name is no text, number or moment."),
            };
        }

        return $this->path . ($written === [] ? '' : '?' . \http_build_query($written, '', '&', \PHP_QUERY_RFC3986));
    }
}
