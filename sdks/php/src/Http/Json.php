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
    /** Errors of JSON that one field has. */
    private const PLACED = [\JSON_ERROR_UTF8, \JSON_ERROR_INF_OR_NAN, \JSON_ERROR_UNSUPPORTED_TYPE];

    /** @param array<string, mixed> $body */
    public static function of(array $body): string
    {
        // As it is, it would be the body of an answer in the place of a list.
        if (($body['actions'] ?? null) instanceof VoiceResponse) {
            $body['actions'] = $body['actions']->actions();
        }
        try {
            \array_walk_recursive($body, static function (mixed &$value): void {
                if ($value instanceof \DateTimeInterface) {
                    $value = self::moment($value);
                }
            });
            // An empty array would be a list in JSON.
            return \json_encode($body ?: new \stdClass(), \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES | \JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $cause) {
            // What goes round in circles has no one place, and would be looked through for ever.
            $fault = \in_array($cause->getCode(), self::PLACED, true) ? self::fault($body, '') : null;
            throw new ArgumentException($fault ?? "The body can't be written as JSON: {$cause->getMessage()}.", 0, $cause);
        } catch (\Error $cause) {
            // An array that holds itself.
            throw new ArgumentException("The body can't be written as JSON: {$cause->getMessage()}.", 0, $cause);
        }
    }

    /** RFC 3339. */
    public static function moment(\DateTimeInterface $moment): string
    {
        return \DateTimeImmutable::createFromInterface($moment)->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\TH:i:s.u\Z');
    }

    /** Which field JSON has no words for; null where it is the whole. */
    private static function fault(mixed $value, string $at): ?string
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
        if (!\is_array($value) && !\is_object($value)) {
            return \is_resource($value) ? "$at is a resource." : null;
        }
        foreach (\is_object($value) ? \get_object_vars($value) : $value as $name => $member) {
            if (\preg_match('//u', (string) $name) !== 1) {
                return ($at === '' ? 'The body' : $at) . ' has a name that is not UTF-8.';
            }
            $fault = self::fault($member, \is_int($name) ? "{$at}[$name]" : \ltrim("$at.$name", '.'));
            if ($fault !== null) {
                return $fault;
            }
        }

        return null;
    }
}
