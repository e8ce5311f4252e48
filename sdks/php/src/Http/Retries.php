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

    /** Seconds of a `Retry-After`, which may be a date. */
    public static function retryAfter(string $header): ?float
    {
        $header = \trim($header);
        if ($header === '') {
            return null;
        }
        if (\ctype_digit($header)) {
            return (float) $header;
        }
        $moment = \strtotime($header);

        return $moment === false ? null : (float) \max(0, $moment - \time());
    }
}
