<?php

declare(strict_types=1);

namespace Sautikit;

/** What one request does otherwise than its client. */
final class RequestOptions
{
    /**
     * @param ?float $timeout seconds for each try
     * @param ?string $idempotencyKey instead of one that is made up: best one per intention, kept until the outcome is known; what takes none is
     *     sent without
     * @param array<string, string> $headers
     */
    public function __construct(
        public readonly ?float $timeout = null,
        public readonly ?int $maxRetries = null,
        public readonly ?string $idempotencyKey = null,
        public readonly array $headers = [],
    ) {
    }
}
