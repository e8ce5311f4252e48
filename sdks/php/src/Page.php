<?php

declare(strict_types=1);

namespace Sautikit;

/**
 * A list: `data()` has the rows of this page, `foreach` goes through all rows of this and all later pages, each asked for
 * when it is reached.
 *
 * @template T
 * @implements \IteratorAggregate<int, T>
 */
final class Page implements \IteratorAggregate
{
    /** @var array{list<T>, ?string}|null rows, and the next page's cursor */
    private ?array $read = null;

    /** @param \Closure(?string): array{list<T>, ?string} $fetch */
    public function __construct(private readonly \Closure $fetch, private readonly ?string $cursor = null)
    {
    }

    /** @return list<T> */
    public function data(): array
    {
        return $this->read()[0];
    }

    /** The cursor of the next page; null on the last. */
    public function nextCursor(): ?string
    {
        return $this->read()[1];
    }

    /** @return ?self<T> the page after this one; null after the last */
    public function next(): ?self
    {
        $cursor = $this->nextCursor();

        return $cursor === null ? null : new self($this->fetch, $cursor);
    }

    /** @return \Generator<int, T> */
    public function getIterator(): \Generator
    {
        for ($page = $this; $page !== null; $page = $page->next()) {
            foreach ($page->data() as $row) {
                yield $row;
            }
        }
    }

    /** @return array{list<T>, ?string} */
    private function read(): array
    {
        return $this->read ??= ($this->fetch)($this->cursor);
    }
}
