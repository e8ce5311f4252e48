<?php

declare(strict_types=1);

namespace Sautikit;

use Psr\Http\Message\ResponseInterface;
use Sautikit\Http\Checks;

/** What one request does otherwise than its client. */
final class RequestOptions
{
    /**
     * @param ?float $timeout seconds for each try, as the client's
     * @param ?string $idempotencyKey instead of one that is made up: best one per intention, kept until the outcome is known; what
     *     takes none is sent without
     * @param array<string, string> $headers
     * @param (\Closure(ResponseInterface): void)|null $onResponse is shown each answer that is no refusal, such as for the header
     *     `X-Next-Cursor` of an export
     */
    public function __construct(
        public readonly ?float $timeout = null,
        public readonly ?int $maxRetries = null,
        public readonly ?string $idempotencyKey = null,
        public readonly array $headers = [],
        public readonly ?\Closure $onResponse = null,
    ) {
        $timeout === null || Checks::timeout($timeout);
        Checks::headers($headers);
        Checks::headers(['Idempotency-Key' => $idempotencyKey]);
    }
}
