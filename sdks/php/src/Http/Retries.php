<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Sautikit\Exception\ApiException;
use Sautikit\Exception\ConnectionException;

/**
 * Whether and when a failed request is sent again.
 *
 * @internal
 */
final class Retries
{
    /** The first wait is at most this, seconds; each later one twice as long. */
    private const FIRST = 0.5;
    /** No wait of our own choice is longer. */
    private const LONGEST = 8.0;
    /** A server that asks for more than this is not waited for. */
    private const PATIENCE = 60.0;
    /** The three forms of a moment in RFC 7231, without their weekdays; the last one names no zone. */
    private const MOMENTS = [
        '/\A\w{3}, (\d\d \w{3} \d{4} [\d:]{8}) GMT\z/' => '!d M Y H:i:s',
        '/\A\w{6,9}, (\d\d-\w{3}-\d\d [\d:]{8}) GMT\z/' => '!d-M-y H:i:s',
        '/\A\w{3} (\w{3} [ \d]\d [\d:]{8} \d{4})\z/' => '!M j H:i:s Y',
    ];

    /** Seconds until the next try; null when there is none. `$random` is in [0, 1). */
    public static function pause(\Throwable $error, int $attempt, float $random): ?float
    {
        // Full jitter: clients that failed together do not come back together.
        $jitter = $random * \min(self::LONGEST, self::FIRST * 2 ** $attempt);
        if ($error instanceof ConnectionException) {
            return $jitter;
        }
        if (!$error instanceof ApiException) {
            return null;
        }
        $inProgress = $error->status === 409 && \is_array($error->details) && ($error->details['reason'] ?? null) === 'in_progress';
        if ($error->status !== 429 && $error->status < 500 && !$inProgress) {
            return null;
        }
        if ($error->retryAfter === null) {
            return $jitter;
        }

        // Never before the server said.
        return $error->retryAfter > self::PATIENCE ? null : $error->retryAfter + $jitter;
    }

    /** Seconds of a `Retry-After`, which may be a moment. */
    public static function retryAfter(string $header, ?int $now = null): ?float
    {
        $header = \trim($header);
        if (\preg_match('/\A\d{1,15}\z/', $header) === 1) {
            return (float) $header;
        }
        foreach (self::MOMENTS as $pattern => $format) {
            if (\preg_match($pattern, $header, $parts) === 1) {
                $moment = \DateTimeImmutable::createFromFormat($format, \str_replace('  ', ' ', $parts[1]), new \DateTimeZone('UTC'));
                // A day that there is not would be one of the next month.
                $isGood = $moment !== false && ((\DateTimeImmutable::getLastErrors() ?: [])['warning_count'] ?? 0) === 0;

                return $isGood ? (float) \max(0, $moment->getTimestamp() - ($now ?? \time())) : null;
            }
        }

        return null;
    }
}
