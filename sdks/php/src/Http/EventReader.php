<?php

declare(strict_types=1);

namespace Sautikit\Http;

use Sautikit\Exception\ShapeException;

/**
 * Makes server-sent events of text.
 *
 * @internal
 */
final class EventReader
{
    private const BYTE_ORDER_MARK = "\u{feff}";
    /** More bytes than any event of ours has: what does not end would fill the memory. */
    private const LONGEST = 1 << 20;

    private string $rest = '';
    private bool $begins = true;
    /** @var array<string, string> */
    private array $event = [];

    /**
     * The events that end in this piece; those that only have an id, too.
     *
     * @return \Generator<int, array<string, string>>
     */
    public function take(string $piece): \Generator
    {
        $text = $this->rest . $piece;
        if ($this->begins) {
            if (\strlen($text) < \strlen(self::BYTE_ORDER_MARK) && \str_starts_with(self::BYTE_ORDER_MARK, $text)) {
                $this->rest = $text;

                return;
            }
            $this->begins = false;
            $text = \str_starts_with($text, self::BYTE_ORDER_MARK) ? \substr($text, \strlen(self::BYTE_ORDER_MARK)) : $text;
        }
        $lines = (array) \preg_split('/\r\n|\n|\r(?!\z)/', $text);
        $this->rest = (string) \array_pop($lines);
        if (\strlen($this->rest) + \strlen($this->event['data'] ?? '') > self::LONGEST) {
            throw new ShapeException('An event can\'t be read: it is too long.');
        }
        foreach ($lines as $line) {
            if ($line !== '') {
                $this->line($line);
                continue;
            }
            $event = $this->event;
            $this->event = [];
            yield $event;
        }
    }

    private function line(string $line): void
    {
        [$name, $value] = \explode(':', $line, 2) + [1 => ''];
        $value = \str_starts_with($value, ' ') ? \substr($value, 1) : $value;
        if ($name === 'data') {
            $this->event['data'] = isset($this->event['data']) ? "{$this->event['data']}\n$value" : $value;
        } elseif ($name === 'id' || $name === 'event') {
            $this->event[$name] = $value;
        }
    }

    /**
     * Where a reader who was too slow goes on; null for any other event.
     *
     * @param array<string, string> $event
     */
    public static function droppedAt(array $event): ?string
    {
        if (($event['event'] ?? null) !== 'dropped') {
            return null;
        }
        $told = \json_decode($event['data'] ?? '', true);
        $place = \is_array($told) ? $told['last_event_id'] ?? null : null;

        return (\is_int($place) || \is_string($place)) && Checks::isVisible((string) $place) ? (string) $place : null;
    }
}
