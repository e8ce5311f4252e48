<?php

declare(strict_types=1);

namespace Sautikit\Tests;

use GuzzleHttp\Psr7\FnStream;
use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\Utils;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\ResponseInterface;
use Sautikit\Client;
use Sautikit\Exception\ApiException;
use Sautikit\Exception\CallsException;
use Sautikit\Exception\ConnectionException;
use Sautikit\Exception\RateLimitedException;
use Sautikit\Exception\SautikitException;
use Sautikit\Exception\ServiceException;
use Sautikit\Exception\TimeoutException;
use Sautikit\Http\Retries;
use Sautikit\RequestOptions;

/** What is sent again, and when. */
final class RetriesTest extends Support
{
    private const CALL = ['from' => '+254700000001', 'to' => '+254722000042'];

    private static function accepted(): array
    {
        return self::says(202, ['call_id' => 'c', 'a_new_member' => 1]);
    }

    private static function failure(callable $ask): SautikitException
    {
        try {
            $ask();
        } catch (SautikitException $error) {
            return $error;
        }
        self::fail('there was no error');
    }

    public function testA429IsSentAgainAfterTheSecondsThatRetryAfterAsksFor(): void
    {
        [$url, $asked] = $this->fake(self::refused(429, 'rate_limited', [], ['Retry-After' => '1']), self::accepted());
        self::client($url)->calls->create(self::CALL);
        [$first, $second] = $asked();
        self::assertGreaterThanOrEqual(1, $second['at'] - $first['at']);
        self::assertMatchesRegularExpression('/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/', $first['headers']['idempotency-key']);
        self::assertSame($first['headers']['idempotency-key'], $second['headers']['idempotency-key']);
        self::assertSame($first['body'], $second['body']);
        self::assertSame(self::CALL, \json_decode($second['body'], true));
    }

    public function testA503IsSentAgainTwiceAndThenItIsAnError(): void
    {
        [$url, $asked] = $this->fake(self::refused(503, 'service.draining'));
        self::assertInstanceOf(ServiceException::class, self::failure(static fn () => self::client($url)->calls->get('c')));
        self::assertCount(3, $asked());
    }

    public function testALostConnectionIsSentAgain(): void
    {
        [$url, $asked] = $this->fake('close', self::accepted());
        self::assertSame(1, self::client($url)->calls->create(self::CALL)->a_new_member);
        [$first, $second] = $asked();
        self::assertSame($first['headers']['idempotency-key'], $second['headers']['idempotency-key']);
    }

    public function testABodyThatBreaksIsALostConnectionToo(): void
    {
        $client = new class () implements ClientInterface {
            public int $asked = 0;

            public function sendRequest(RequestInterface $request): ResponseInterface
            {
                $this->asked++;
                $body = FnStream::decorate(Utils::streamFor(''), ['__toString' => static fn () => throw new \RuntimeException('reset'), 'getContents' => static fn () => throw new \RuntimeException('reset')]);

                return new Response(200, [], $body);
            }
        };
        $error = self::failure(static fn () => (new Client('skt_live_x', 'http://127.0.0.1:9', maxRetries: 1, httpClient: $client))->calls->get('c'));
        self::assertSame([ConnectionException::class, 2], [$error::class, $client->asked]);
    }

    public function testAPostWithoutAKeyIsNeverSentAgain(): void
    {
        foreach ([self::refused(503, 'service.draining'), self::refused(429, 'rate_limited'), 'close'] as $answer) {
            [$url, $asked] = $this->fake($answer);
            self::failure(static fn () => self::client($url)->calls->hangUp('c'));
            self::assertCount(1, $asked());
            self::assertArrayNotHasKey('idempotency-key', $asked()[0]['headers']);
        }
    }

    public function testWhatWaitingDoesNotMendIsNotSentAgain(): void
    {
        $answers = [self::refused(400, 'validation.bad_request'), self::refused(402, 'wallet.insufficient_funds'), self::refused(429, 'rate_limited', [], ['Retry-After' => '3600'])];
        foreach ($answers as $answer) {
            [$url, $asked] = $this->fake($answer);
            self::assertInstanceOf(ApiException::class, self::failure(static fn () => self::client($url)->calls->get('c')));
            self::assertCount(1, $asked());
        }
    }

    public function testAFirstRequestThatIsStillAtWorkIsWaitedFor(): void
    {
        [$url] = $this->fake(self::refused(409, 'idempotency.conflict', ['details' => ['reason' => 'in_progress']]), self::accepted());
        self::assertSame('c', self::client($url)->calls->create(self::CALL)->call_id);
    }

    public function testOptionsOfOneRequestOutrankTheClients(): void
    {
        [$url, $asked] = $this->fake(self::refused(429, 'rate_limited'));
        $options = new RequestOptions(maxRetries: 0, idempotencyKey: 'mine', headers: ['X-Request-Id' => 'r']);
        $error = self::failure(static fn () => self::client($url)->calls->create(self::CALL, $options));
        self::assertInstanceOf(RateLimitedException::class, $error);
        self::assertSame('rate_limited', $error->getCode());
        [$only] = $asked();
        self::assertSame(['mine', 'r'], [$only['headers']['idempotency-key'], $only['headers']['x-request-id']]);
        self::assertStringStartsWith('sautikit-php/0.', $only['headers']['user-agent']);
    }

    public function testAKeyThatIsGivenAsAHeaderIsSentAsItIsWhateverItsCase(): void
    {
        [$url, $asked] = $this->fake(self::accepted());
        foreach (['Idempotency-Key', 'idempotency-key'] as $name) {
            self::client($url)->calls->create(self::CALL, new RequestOptions(headers: [$name => 'mine']));
            (new Client('skt_live_x', $url, headers: [$name => 'mine']))->calls->create(self::CALL);
        }
        self::client($url)->request('POST', '/v1/new', options: new RequestOptions(idempotencyKey: 'mine'));
        self::assertSame(['mine', 'mine', 'mine', 'mine', 'mine'], \array_map(static fn (array $request): string => $request['headers']['idempotency-key'], $asked()));
    }

    public function testHeadersOfOneRequestOutrankTheClientsAndTheseOurOwn(): void
    {
        [$url, $asked] = $this->fake(self::says(200, (object) []));
        $client = new Client('skt_live_x', $url, headers: ['user-agent' => 'mine/1', 'accept' => 'application/json', 'X-Tag' => 'client']);
        $client->calls->get('c', new RequestOptions(headers: ['x-tag' => 'request']));
        $headers = $asked()[0]['headers'];
        self::assertSame(['mine/1', 'application/json', 'request'], [$headers['user-agent'], $headers['accept'], $headers['x-tag']]);
    }

    public function testAKeyIsNotSentWhereNoneIsTakenAndMakesNothingBeSentAgain(): void
    {
        [$url, $asked] = $this->fake(self::refused(503, 'service.draining'));
        $options = new RequestOptions(idempotencyKey: 'mine', headers: ['idempotency-key' => 'mine']);
        self::failure(static fn () => self::client($url)->calls->hangUp('c', $options));
        self::assertCount(1, $asked());
        self::assertArrayNotHasKey('idempotency-key', $asked()[0]['headers']);
    }

    public function testWhatCannotBeSentIsAnErrorOfOursAndIsNotSent(): void
    {
        [$url, $asked] = $this->fake(self::accepted());
        $client = self::client($url);
        self::assertNotInstanceOf(ConnectionException::class, self::failure(static fn () => $client->calls->create(['to' => "\xff"] + self::CALL)));
        self::assertNotInstanceOf(ConnectionException::class, self::failure(static fn () => $client->calls->get('c', new RequestOptions(headers: ['no name' => 'x']))));
        self::assertNotInstanceOf(ConnectionException::class, self::failure(static fn () => self::client('http://:-1')->calls->get('c')));
        self::assertSame([], $asked());
    }

    public function testMomentsInABodyAreRfc3339(): void
    {
        [$url, $asked] = $this->fake(self::accepted());
        self::client($url)->calls->create(self::CALL + ['metadata' => ['due' => new \DateTimeImmutable('2026-12-01T12:00:00.5+03:00')]]);
        self::assertSame('2026-12-01T09:00:00.500000Z', \json_decode($asked()[0]['body'], true)['metadata']['due']);
    }

    public function testAnAnswerThatDoesNotComeInTimeIsATimeout(): void
    {
        [$url, $asked] = $this->fake('silence');
        self::assertInstanceOf(TimeoutException::class, self::failure(static fn () => self::client($url, 0.1, 1)->calls->get('c')));
        // The second may be given up before the fake has read it.
        self::eventually('both requests', static fn (): bool => \count($asked()) === 2);
        self::failure(static fn () => self::client($url)->calls->get('c', new RequestOptions(timeout: 0.1, maxRetries: 0)));
    }

    public function testTimeOutsThatAreNoneAreRefused(): void
    {
        [$url, $asked] = $this->fake(self::says(200, (object) []));
        foreach ([0.0, -1.0, \NAN, \INF] as $timeout) {
            self::assertStringContainsString('time-out', self::failure(static fn () => self::client($url, $timeout))->getMessage());
            self::assertStringContainsString('time-out', self::failure(static fn () => new RequestOptions(timeout: $timeout))->getMessage());
        }
        self::assertSame([], $asked());
    }

    public function testAStreamWhoseHeadDoesNotComeInTimeIsATimeout(): void
    {
        [$url] = $this->fake('silence');
        $this->expectException(TimeoutException::class);
        \iterator_to_array(self::client($url, 0.1, 0)->calls->stream('c'));
    }

    public function testAnAnswersHeadersAreThereForWhoAsks(): void
    {
        [$url] = $this->fake(self::says(200, 'a,b', ['X-Next-Cursor' => '2', 'Content-Type' => 'text/csv']));
        $cursor = null;
        $options = new RequestOptions(onResponse: static function (ResponseInterface $response) use (&$cursor): void {
            $cursor = $response->getHeaderLine('X-Next-Cursor');
        });
        self::assertSame(['a,b', '2'], [self::client($url)->audit->export([], $options), $cursor]);
    }

    public function testErrorsSayAllThatTheApiSaysAndWhatAProxySaysIsAnErrorToo(): void
    {
        [$url] = $this->fake(self::refused(400, 'calls.of_the_future', ['field' => 'to', 'details' => ['a' => 1]]), self::says(502, '<h1>Bad gateway</h1>', ['Content-Type' => 'text/html']));
        $client = self::client($url, maxRetries: 0);
        $error = self::failure(static fn () => $client->calls->get('c'));
        self::assertInstanceOf(CallsException::class, $error);
        self::assertSame([400, 'calls.of_the_future', 'to', 'req_1', ['a' => 1]], [$error->status, $error->errorCode, $error->field, $error->requestId, $error->details]);
        self::assertSame('http://x/docs/errors/calls.of_the_future', $error->docsUrl);
        $error = self::failure(static fn () => $client->calls->get('c'));
        self::assertSame([ApiException::class, 502, null], [$error::class, $error->status, $error->errorCode]);
    }

    public function testAProxysOwnErrorsAreErrorsTooWhateverTheyAreMadeOf(): void
    {
        $all = ['code' => 502, 'message' => ['no'], 'field' => ['a' => 1], 'docs_url' => 1, 'request_id' => null];
        $bodies = [['error' => $all], ['error' => 'no'], ['error' => null], [], 'no', ['error' => ['code' => ['a']]]];
        [$url] = $this->fake(...\array_map(static fn (mixed $body): array => self::says(502, $body), $bodies));
        $client = self::client($url, maxRetries: 0);
        foreach ($bodies as $_) {
            $error = self::failure(static fn () => $client->calls->get('c'));
            self::assertSame(
                [ApiException::class, 502, null, 'The server answered 502.', null, null, null],
                [$error::class, $error->status, $error->errorCode, $error->getMessage(), $error->field, $error->docsUrl, $error->requestId],
            );
        }
    }

    public function testARedirectIsNotFollowedSoThatTheKeyGoesNowhereElse(): void
    {
        [$other, $otherAsked] = $this->fake(self::says(200, []));
        [$url] = $this->fake(self::says(307, [], ['Location' => $other]));
        self::assertInstanceOf(ApiException::class, self::failure(static fn () => self::client($url)->calls->get('c')));
        self::assertSame([], $otherAsked());
    }

    public function testNobodyListens(): void
    {
        self::assertInstanceOf(ConnectionException::class, self::failure(static fn () => self::client('http://127.0.0.1:9', maxRetries: 0)->calls->get('c')));
    }

    public function testWhatIsLeftOutIsNotSentAndNullIsNull(): void
    {
        [$url, $asked] = $this->fake(self::says(200, (object) []));
        self::client($url)->numbers->updateRouting('n', ['events_url' => null]);
        self::client($url)->sip->createToken();
        self::assertSame(['{"events_url":null}', ''], \array_column($asked(), 'body'));
    }

    public function testWaitsGrowWithFullJitterAndAreNeverShorterThanAsked(): void
    {
        $lost = new ConnectionException('lost');
        $waits = \array_map(static fn (int $attempt): ?float => Retries::pause($lost, $attempt, 0.5), \range(0, 5));
        self::assertSame([0.25, 0.5, 1.0, 2.0, 4.0, 4.0], $waits);
        self::assertSame(2.0, Retries::pause(new ApiException('no', 429, retryAfter: 2.0), 0, 0.0));
        self::assertSame([null, null], [Retries::pause(new ApiException('no', 429, retryAfter: 61.0), 0, 0.5), Retries::pause(new ApiException('no', 400, retryAfter: 1.0), 0, 0.5)]);
    }

    public function testARetryAfterIsWholeSecondsOrAMomentOfHttp(): void
    {
        $now = (int) \gmmktime(8, 49, 7, 11, 6, 1994);
        foreach (['30', ' 30 ', 'Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'] as $header) {
            self::assertSame(30.0, Retries::retryAfter($header, $now), $header);
        }
        self::assertSame(0.0, Retries::retryAfter('Sun, 06 Nov 1994 08:49:00 GMT', $now));
        foreach (['', '1.5', '-1', '1e3', 'tomorrow', 'now', '1994-11-06', 'Sun, 99 Nov 1994 08:49:37 GMT', 'Sun, 31 Nov 1994 08:49:37 GMT'] as $header) {
            self::assertNull(Retries::retryAfter($header, $now), $header);
        }
    }
}
