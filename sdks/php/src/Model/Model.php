<?php

declare(strict_types=1);

namespace Sautikit\Model;

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
            'time' => new \DateTimeImmutable($value),
            'one' => new $of($value),
            default => \array_map(static fn (array $row): Model => new $of($row), $value),
        };
    }

    public function __get(string $name): mixed
    {
        [$how, $of] = static::MEMBERS[$name] ?? ['plain', null];

        return self::read($this->data[$name] ?? null, $how, $of);
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
