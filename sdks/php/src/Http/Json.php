<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Sautikit\Exception\ArgumentException;
use Sautikit\Voice\VoiceResponse;

/**
 * Bodies as the API reads them.
 *
 * @internal
 */
final class Json
{
    /** @param array<string, mixed> $body */
    public static function of(array $body): string
    {
        // As it is, it would be the body of an answer in the place of a list.
        if (($body['actions'] ?? null) instanceof VoiceResponse) {
            $body['actions'] = $body['actions']->actions();
        }
        \array_walk_recursive($body, static function (mixed &$value): void {
            if ($value instanceof \DateTimeInterface) {
                $value = self::moment($value);
            }
        });
        try {
            // An empty array would be a list in JSON.
            return \json_encode($body ?: new \stdClass(), \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES | \JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $cause) {
            $fault = self::fault($body, '') ?? "The body can't be written as JSON: {$cause->getMessage()}.";
            throw new ArgumentException($fault, 0, $cause);
        }
    }

    /** RFC 3339. */
    public static function moment(\DateTimeInterface $moment): string
    {
        return \DateTimeImmutable::createFromInterface($moment)->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z');
    }

    /** Which field JSON has no words for; null where it is the whole. */
    private static function fault(mixed $value, string $at, int $depth = 0): ?string
    {
        if (\is_string($value)) {
            return \preg_match('//u', $value) === 1 ? null : "$at is not UTF-8.";
        }
        if (\is_float($value)) {
            return \is_finite($value) ? null : "$at is no number that JSON has: $value.";
        }
        if ($value instanceof \JsonSerializable) {
            $value = $value->jsonSerialize();
        }
        // What goes round in circles is told of as a whole.
        if ($depth > 100 || !\is_array($value) && !$value instanceof \stdClass) {
            return \is_resource($value) ? "$at is a resource." : null;
        }
        foreach ((array) $value as $name => $member) {
            if (\preg_match('//u', (string) $name) !== 1) {
                return ($at === '' ? 'The body' : $at) . ' has a name that is not UTF-8.';
            }
            $fault = self::fault($member, \is_int($name) ? "{$at}[$name]" : \ltrim("$at.$name", '.'), $depth + 1);
            if ($fault !== null) {
                return $fault;
            }
        }

        return null;
    }
}
