<?php

declare(strict_types=1);

namespace Sautikit\Http;

/**
 * Bodies as the API reads them.
 *
 * @internal
 */
final class Json
{
    /**
     * @param array<string, mixed> $body
     * @throws \JsonException
     */
    public static function of(array $body): string
    {
        \array_walk_recursive($body, static function (mixed &$value): void {
            if ($value instanceof \DateTimeInterface) {
                $value = self::moment($value);
            }
        });

        // An empty array would be a list in JSON.
        return \json_encode($body ?: new \stdClass(), \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES | \JSON_PRESERVE_ZERO_FRACTION);
    }

    /** RFC 3339. */
    public static function moment(\DateTimeInterface $moment): string
    {
        return \DateTimeImmutable::createFromInterface($moment)->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z');
    }
}
