<?php

declare(strict_types=1);

namespace Sautikit\Webhook;

use Sautikit\Exception\ShapeException;
use Sautikit\Exception\SignatureException;

/** Webhooks and voice callbacks: whether a request is ours. */
final class Signature
{
    /** Seconds that the signature's clock and ours may differ. */
    public const TOLERANCE = 300;

    /**
     * Throws unless `$header` (`X-Sautikit-Signature`) signs the raw body `$payload` with `$secret`, as it was issued (`whsec_…`),
     * within the last 300 seconds. Give the body as it came: parsed and printed again it is another one.
     *
     * @throws SignatureException
     */
    public static function verify(string $payload, ?string $header, #[\SensitiveParameter] string $secret, ?int $now = null): void
    {
        if (\preg_match('/\At=(\d{1,15}),v1=([0-9a-f]{64})\z/', $header ?? '', $parts) !== 1) {
            throw new SignatureException('The signature is missing or malformed.');
        }
        if ($secret === '') {
            throw new SignatureException('The secret is empty.');
        }
        [, $signed, $signature] = $parts;
        if (!\hash_equals(\hash_hmac('sha256', "$payload.$signed", $secret), $signature)) {
            throw new SignatureException('The signature is not that of this body and secret.');
        }
        // Last, so that an unsigned request learns nothing of our clock.
        if (\abs(($now ?? \time()) - (int) $signed) > self::TOLERANCE) {
            throw new SignatureException('The signature is too old, or one of the clocks is wrong.');
        }
    }

    /**
     * Verifies as `verify` does, and reads the event: `id`, `event`, `sequence`, `created_at`, `workspace_id`, `data`.
     *
     * @return array<string, mixed>
     */
    public static function parse(string $payload, ?string $header, #[\SensitiveParameter] string $secret): array
    {
        self::verify($payload, $header, $secret);

        $event = \json_decode($payload, true);

        // Objects and lists are both arrays here.
        return \is_array($event) && \ltrim($payload)[0] === '{' ? $event : throw new ShapeException('The body is signed, and no event: voice callbacks are forms, for Callback::fromBody().');
    }
}
