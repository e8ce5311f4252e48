<?php

declare(strict_types=1);

namespace Sautikit\Model;

use Sautikit\Exception\ShapeException;

/**
 * What the API answered: properties for what it says, `toArray()` for all of it. Members that are new here are properties
 * too; one that is documented and absent is null.
 *
 * @implements \ArrayAccess<string, mixed>
 */
abstract class Model implements \ArrayAccess, \JsonSerializable
{
    /** @var array<string, array{string, ?class-string<Model>}> what each member is turned into */
    protected const MEMBERS = [];

    /** @param array<string, mixed> $data */
    final public function __construct(private readonly array $data)
    {
    }

    /**
     * A value of the JSON as the description says.
     *
     * @param ?class-string<Model> $of
     */
    public static function read(mixed $value, string $how, ?string $of): mixed
    {
        if ($value === null || $how === 'plain') {
            return $value;
        }

        return match ($how) {
            'time' => self::moment($value),
            'one' => self::one($value, $of),
            'list' => \is_array($value) && \array_is_list($value) ? self::rows($value, $of) : throw new ShapeException('This is no list.'),
            default => \is_array($value) ? self::rows($value, $of) : throw new ShapeException('This is no map.'),
        };
    }

    /**
     * @param array<mixed> $rows
     * @param class-string<Model> $of
     * @return array<Model>
     */
    private static function rows(array $rows, string $of): array
    {
        return \array_map(static fn (mixed $row): Model => self::one($row, $of), $rows);
    }

    /** @param class-string<Model> $of */
    private static function one(mixed $value, string $of): Model
    {
        // An object without members is an empty array, as an empty list is.
        return \is_array($value) && ($value === [] || !\array_is_list($value)) ? new $of($value) : throw new ShapeException('This is no object.');
    }

    private static function moment(mixed $value): \DateTimeImmutable
    {
        try {
            // PHP takes `tomorrow` too.
            return \is_string($value) && \preg_match('/\A\d{4}-\d\d-\d\d/', $value) === 1 ? new \DateTimeImmutable($value) : throw new ShapeException('This is no moment.');
        } catch (ShapeException $error) {
            throw $error;
        } catch (\Exception $cause) {
            throw new ShapeException('This is no moment.', 0, $cause);
        }
    }

    public function __get(string $name): mixed
    {
        [$how, $of] = static::MEMBERS[$name] ?? ['plain', null];

        try {
            return self::read($this->data[$name] ?? null, $how, $of);
        } catch (ShapeException $cause) {
            throw new ShapeException(static::class . "::\$$name is not what the API describes; toArray() has it as it came.", 0, $cause);
        }
    }

    public function __isset(string $name): bool
    {
        return isset($this->data[$name]);
    }

    /** @return array<string, mixed> the JSON as it came */
    public function toArray(): array
    {
        return $this->data;
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        return $this->data;
    }

    public function offsetExists(mixed $offset): bool
    {
        return isset($this->data[$offset]);
    }

    public function offsetGet(mixed $offset): mixed
    {
        return $this->__get((string) $offset);
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
        throw new \LogicException('What the API answered does not change.');
    }

    public function offsetUnset(mixed $offset): void
    {
        throw new \LogicException('What the API answered does not change.');
    }
}
