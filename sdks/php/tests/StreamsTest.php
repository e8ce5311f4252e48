<?php

declare(strict_types=1);

namespace Sautikit\Tests;

use GuzzleHttp\Psr7\HttpFactory;
use Sautikit\Exception\ApiException;
use Sautikit\Exception\ConnectionException;
use Sautikit\Exception\ShapeException;
use Sautikit\Http\Discovery;
use Sautikit\Http\EventReader;
use Sautikit\Http\Request;
use Sautikit\Http\Transport;

/** Streams go on where they stood. */
final class StreamsTest extends Support
{
    /** @return list<string> */
    private static function dataOf(iterable $events): array
    {
        $data = [];
        foreach ($events as $event) {
            $data[] = $event->data;
        }

        return $data;
    }

    /**
     * @param callable(): list<array<string, mixed>> $asked
     * @return list<?string>
     */
    private static function places(callable $asked): array
    {
        return \array_map(static fn (array $request): ?string => $request['headers']['last-event-id'] ?? null, $asked());
    }

    public function testEventsAreReadAsTheyCome(): void
    {
        [$url] = $this->fake(self::streams(": hello\r\nid: 1\r\nevent: call.ringing\r\ndata: {\r\ndata: }\r\n\r\nid: 2\ndata:x\n\n", 'stay'));
        $seen = [];
        foreach (self::client($url)->calls->stream('c') as $event) {
            $seen[] = $event->toArray();
            if (\count($seen) === 2) {
                break;
            }
        }
        self::assertSame([['id' => '1', 'event' => 'call.ringing', 'data' => "{\n}"], ['id' => '2', 'data' => 'x']], $seen);
    }

    public function testAStreamThatTheServerEndsGoesOnWhereItStoodUntilNothingIsLeftToBeTold(): void
    {
        [$url, $asked] = $this->fake(self::streams("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), self::streams("id: 3\ndata: c\n\n"), self::says(204, ''));
        // Ends are no losses.
        self::assertSame(['a', 'b', 'c'], self::dataOf(self::client($url, maxRetries: 0)->calls->stream('c', ['lastEventId' => 0])));
        self::assertSame(['0', '2', '3'], self::places($asked));
    }

    public function testAStreamThatIsLostGoesOnWhereItStoodAfterAnIdWithoutAnEventToo(): void
    {
        [$url, $asked] = $this->fake(self::streams("id: 41\n\n"), self::streams("id: 42\ndata: a\n\n"), 'close', self::streams('', 'reset'), self::says(204, ''));
        self::assertSame(['a'], self::dataOf(self::client($url)->calls->streamCalls()));
        self::assertSame([null, '41', '42', '42', '42'], self::places($asked));
    }

    public function testAStreamThatIsLostTooOftenOrRefusedIsAnError(): void
    {
        // What ends without a word is lost too, or it would be asked for without an end.
        foreach (['close', self::streams('', 'reset'), self::streams('')] as $answer) {
            [$url, $asked] = $this->fake($answer);
            try {
                self::dataOf(self::client($url, maxRetries: 1)->calls->streamCalls());
                self::fail('there was no error');
            } catch (ConnectionException) {
                self::assertCount(2, $asked());
            }
        }
        [$page] = $this->fake(self::says(200, '<h1>Welcome</h1>', ['Content-Type' => 'text/html']));
        try {
            self::dataOf(self::client($page)->calls->streamCalls());
            self::fail('there was no error');
        } catch (ShapeException $error) {
            self::assertStringContainsString('no stream', $error->getMessage());
        }
        [$url] = $this->fake(self::streams(": here\n\nid: 1\ndata: a\n\n"), self::refused(401, 'api_key.revoked'));
        $this->expectException(ApiException::class);
        self::dataOf(self::client($url)->calls->streamCalls());
    }

    public function testAByteOrderMarkAtTheStartIsNoneOfTheTextAndIdsThatNoHeaderTakesAreNoPlaces(): void
    {
        [$url, $asked] = $this->fake(self::streams("\u{feff}id: 1\ndata: \u{feff}a\n\nid: ü\ndata: b\n\nid:\ndata: c\n\nid: a\0b\ndata: d\n\n"), self::says(204, ''));
        self::assertSame(["\u{feff}a", 'b', 'c', 'd'], self::dataOf(self::client($url)->calls->stream('c')));
        self::assertSame([null, '1'], self::places($asked));
    }

    public function testEventsAreTheSameInWhateverPiecesTheyCome(): void
    {
        $text = "\u{feff}id: 1\r\ndata: ü\r\n\r\ndata: a\rdata: b\r\rdata:\ndata\n\n";
        $events = [['id' => '1', 'data' => 'ü'], ['data' => "a\nb"], ['data' => "\n"]];
        foreach ([1, 2, 3, 5, 100] as $length) {
            $reader = new EventReader();
            $seen = [];
            foreach (\str_split($text, $length) as $piece) {
                $seen = [...$seen, ...\iterator_to_array($reader->take($piece), false)];
            }
            self::assertSame($events, $seen, "$length");
        }
    }

    public function testAnEventThatDoesNotEndIsNotReadForEver(): void
    {
        foreach ([\str_repeat('x', 65_536), 'data: ' . \str_repeat('x', 65_536) . "\n"] as $piece) {
            $reader = new EventReader();
            try {
                for ($i = 0; $i < 20; $i++) {
                    \iterator_to_array($reader->take($piece), false);
                }
                self::fail('it was read');
            } catch (ShapeException $error) {
                self::assertStringContainsString('too long', $error->getMessage());
            }
        }
    }

    public function testAReaderWhoWasDroppedGoesOnFromWhereItWas(): void
    {
        $dropped = "event: dropped\ndata: {\"reason\":\"too_slow\",\"last_event_id\":%d}\n\n";
        [$url, $asked] = $this->fake(self::streams("id: 7\ndata: a\n\n" . \sprintf($dropped, 7)), self::streams(\sprintf($dropped, 9)), self::says(204, ''));
        self::assertSame(['a'], self::dataOf(self::client($url)->calls->streamCalls()));
        self::assertSame([null, '7', '9'], self::places($asked));
    }

    public function testAStreamOnWhichNothingIsHeardIsLostHoweverLongItsHeadMayTake(): void
    {
        [$url, $asked] = $this->fake(self::streams("id: 1\ndata: a\n\n", 'stay'), self::says(204, ''));
        $factory = new HttpFactory();
        $transport = new Transport('skt_live_x', $url, 86_400.0, 2, [], new Discovery(null, 0.1), $factory, $factory);
        self::assertSame([['id' => '1', 'data' => 'a']], \iterator_to_array($transport->events(new Request('GET', '/v1/calls/c/stream'), null, null)));
        self::assertSame([null, '1'], self::places($asked));
    }
}
