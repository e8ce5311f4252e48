<?php

declare(strict_types=1);

namespace Sautikit\Http;

/**
 * Makes server-sent events of text.
 *
 * @internal
 */
final class EventReader
{
    private string $rest = '';
    /** @var array<string, string> */
    private array $event = [];

    /**
     * The events that end in this piece; those that only have an id, too.
     *
     * @return \Generator<int, array<string, string>>
     */
    public function take(string $piece): \Generator
    {
        $lines = \explode("\n", $this->rest . $piece);
        $this->rest = (string) \array_pop($lines);
        foreach ($lines as $line) {
            $line = \rtrim($line, "\r");
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
        $place = (\json_decode($event['data'] ?? '', true) ?: [])['last_event_id'] ?? null;

        return \is_int($place) || \is_string($place) ? (string) $place : null;
    }
}
