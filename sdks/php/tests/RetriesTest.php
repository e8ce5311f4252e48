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
use Sautikit\Exception\ArgumentException;
use Sautikit\Exception\CallsException;
use Sautikit\Exception\ConnectionException;
use Sautikit\Exception\RateLimitedException;
use Sautikit\Exception\SautikitException;
use Sautikit\Exception\ServiceException;
use Sautikit\Exception\ShapeException;
use Sautikit\Exception\TimeoutException;
use Sautikit\Http\Retries;
use Sautikit\RequestOptions;
use Sautikit\Voice\Action;
use Sautikit\Voice\VoiceResponse;

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
        self::assertSame(['rate_limited', 429], [$error->errorCode, $error->getCode()]);
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
        self::client($url)->request('POST', '/v1/new', options: new RequestOptions(headers: ['idempotency-key' => 'mine']));
        self::client($url)->request('POST', '/v1/new');
        $keys = \array_map(static fn (array $request): ?string => $request['headers']['idempotency-key'] ?? null, $asked());
        self::assertSame([...\array_fill(0, 6, 'mine'), null], $keys);
    }

    public function testHeadersOfOneRequestOutrankTheClientsAndTheseOurOwn(): void
    {
        [$url, $asked] = $this->fake(self::says(200, '{}'));
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

    public function testWhatCannotBeSentIsAnArgumentExceptionAndNothingIsSent(): void
    {
        [$url, $asked] = $this->fake(self::accepted());
        $client = self::client($url);
        $create = static fn (array $more = [], ?RequestOptions $options = null) => static fn () => $client->calls->create($more + self::CALL, $options);
        $inItself = ['a' => 1];
        $inItself['b'] = &$inItself;
        $inItself['c'] = &$inItself;
        $circle = new \stdClass();
        $circle->a = $circle->b = $circle;
        $ways = [
            $create(['metadata' => $inItself]),
            $create(['metadata' => $circle]),
            $create(['to' => "\xff"]),
            $create(['timeout' => \NAN]),
            $create(['metadata' => \STDERR]),
            static fn () => $create([], new RequestOptions(idempotencyKey: ''))(),
            static fn () => $create([], new RequestOptions(idempotencyKey: ' '))(),
            static fn () => $create([], new RequestOptions(idempotencyKey: 'schlüssel'))(),
            static fn () => $client->calls->hangUp('c', new RequestOptions(idempotencyKey: '')),
            static fn () => $client->calls->list(['status' => ['a']])->data(),
            static fn () => \iterator_to_array($client->calls->stream('c', ['lastEventId' => "1\r\n"])),
            static fn () => $client->request('GET', 'v1/calls'),
            static fn () => $client->request('GET', "/v1/calls HTTP/1.1\r\nX-A: b"),
            static fn () => $client->request('GET ', '/v1/calls'),
            static fn () => new Client('', $url),
            static fn () => new Client('skt_live_x', $url, -1.0),
        ];
        foreach (['', '.', '..'] as $id) {
            \array_push(
                $ways,
                static fn () => $client->calls->get($id),
                static fn () => $client->calls->hangUp($id),
                static fn () => $client->wallet->getStatementCsv($id),
                static fn () => $client->calls->stream($id),
            );
        }
        foreach (['no name' => 'x', '' => 'x', 'X-A' => 'ü', 'X-B' => "a\r\nX-C: d", 'X-D' => ['a'], 'idempotency-key' => '', 'content-length' => '1', 'Transfer-Encoding' => 'chunked'] as $name => $value) {
            \array_push($ways, static fn () => new RequestOptions(headers: [$name => $value]), static fn () => new Client('skt_live_x', $url, headers: [$name => $value]));
        }
        $wrong = ['', 'nonsense', 'voice.example', '127.0.0.1:9', 'ftp://x', 'http:', 'http://', 'http:voice.example', ' http://x', "http://x\n", 'http://x?a=b', 'http://x#a', 'http://me:secret@x', 'http://:-1', 'http://x:99999', 'http://a b', 'http://me:secret@x y'];
        foreach ($wrong as $base) {
            $ways[] = static fn () => self::client($base);
        }
        foreach ($ways as $which => $way) {
            $error = self::failure($way);
            self::assertInstanceOf(ArgumentException::class, $error, "$which");
            self::assertStringNotContainsString('secret', $error->getMessage());
        }
        foreach (['skt_live_ü', "skt_live_x\n", 'a b', "\0"] as $key) {
            $error = self::failure(static fn () => new Client($key, $url));
            self::assertSame([ArgumentException::class, false], [$error::class, \str_contains($error->getMessage(), $key)]);
        }
        self::assertSame([], $asked());
        self::assertInstanceOf(\InvalidArgumentException::class, self::failure($create(['to' => "\xff"])));
    }

    public function testAFieldThatIsNotUtf8IsNamed(): void
    {
        $response = (new VoiceResponse())->say('Karibu')->getDigits(prompt: Action::say("\xff"));
        $client = self::client('http://127.0.0.1:9');
        foreach ([static fn () => (string) $response, static fn () => $client->calls->create(['actions' => $response] + self::CALL)] as $way) {
            self::assertSame('actions[1].getDigits.prompt.say.text is not UTF-8.', self::failure($way)->getMessage());
        }
        self::assertSame('metadata has a name that is not UTF-8.', self::failure(static fn () => $client->calls->create(['metadata' => ["\xff" => 1]] + self::CALL))->getMessage());
        self::assertSame('timeout is no number that JSON has: INF.', self::failure(static fn () => $client->calls->create(['timeout' => \INF] + self::CALL))->getMessage());
    }

    public function testAnAnswerThatIsNotWhatTheEndpointGivesIsAnErrorAndWhatWasCarriedOutIsNotSentAgain(): void
    {
        $objects = static fn (Client $client): array => [static fn () => $client->calls->create(self::CALL), static fn () => $client->calls->get('c'), static fn () => $client->sipToken()];
        $lists = static fn (Client $client): array => [static fn () => $client->calls->list()->data(), static fn () => $client->wallet->listStatements(), static fn () => \iterator_to_array($client->calls->list())];
        $others = static fn (Client $client): array => [static fn () => $client->recordings->getAudio('r')];
        $cases = [
            [$objects, ['[]', 'null', '1', '"x"', '', '<h1>Welcome</h1>', '{"id":', '[{}]']],
            [$lists, ['{}', 'null', '1', '"x"', '', '<h1>Welcome</h1>', '["a"]', '[null]', '[[1]]', '{"0":{}}']],
            [$others, ['null', '1', '', '<h1>']],
        ];
        foreach ($cases as [$ways, $bodies]) {
            foreach ($bodies as $body) {
                [$url, $asked] = $this->fake(self::says(200, $body, ['X-Request-Id' => 'req_7']));
                foreach ($ways(self::client($url)) as $way) {
                    $error = self::failure($way);
                    self::assertSame([ApiException::class, 'the answer is not what this endpoint gives'], [$error::class, $error->getMessage()], $body);
                    self::assertSame([200, 200, 'sdk.invalid_response', 'req_7'], [$error->status, $error->getCode(), $error->errorCode, $error->requestId]);
                }
                self::assertCount(\count($ways(self::client($url))), $asked());
            }
        }
        // Of an endpoint that the SDK does not know it is not known either.
        [$url] = $this->fake(self::says(200, ''), self::says(200, '[1]'), self::says(200, '<h1>'));
        $ask = static fn () => self::client($url)->request('POST', '/v1/new');
        self::assertSame([null, [1]], [$ask(), $ask()]);
        self::assertSame(ApiException::INVALID_RESPONSE, self::failure($ask)->errorCode);
    }

    public function testAMemberOfAnotherShapeIsAnErrorOfOursWhereItIsRead(): void
    {
        [$url] = $this->fake(self::says(200, ['id' => 'c', 'legs' => 'none', 'started_at' => 'tomorrow', 'ended_at' => 5, 'answered_at' => '2026-99-99T00:00:00Z']));
        $call = self::client($url)->calls->get('c');
        self::assertSame('c', $call->id);
        foreach (['legs', 'started_at', 'ended_at', 'answered_at'] as $member) {
            $error = self::failure(static fn () => $call->$member);
            self::assertInstanceOf(ShapeException::class, $error);
            self::assertStringContainsString("Call::\$$member", $error->getMessage());
        }
        self::assertSame('none', $call->toArray()['legs']);
    }

    public function testADumpShowsNoKey(): void
    {
        self::assertStringNotContainsString('skt_live_x', \print_r(self::client('http://127.0.0.1:9'), true));
    }

    public function testAPostIsOneHoweverItIsSpelled(): void
    {
        [$url, $asked] = $this->fake(self::refused(503, 'service.draining'));
        self::failure(static fn () => self::client($url)->request('post', '/v1/calls', self::CALL));
        self::assertSame(['POST'], \array_column($asked(), 'method'));
    }

    public function testAVoiceResponseIsTheListOfItsActionsWhereTheApiTakesActions(): void
    {
        [$url, $asked] = $this->fake(self::says(200, ['id' => 'c', 'call_id' => 'c']));
        $response = (new VoiceResponse())->say('Karibu')->hangup();
        $client = self::client($url);
        $client->calls->create(['actions' => $response] + self::CALL);
        $client->calls->replaceActions('c', ['actions' => $response]);
        $client->calls->create(['actions' => $response->actions()] + self::CALL);
        foreach ($asked() as $request) {
            self::assertStringContainsString('"actions":[{"say":{"text":"Karibu"}},{"hangup":{}}]', $request['body']);
        }
        self::assertCount(3, $asked());
        $prompt = (new VoiceResponse())->say('Press 1');
        self::assertSame('{"actions":[{"getDigits":{"prompt":[{"say":{"text":"Press 1"}}]}}]}', (string) (new VoiceResponse())->getDigits(prompt: $prompt));
    }

    public function testAnEmptyCursorEndsAListAndAnyOtherDoesNot(): void
    {
        [$url, $asked] = $this->fake(self::says(200, '[{"id":"a"}]', ['X-Next-Cursor' => '0']), self::says(200, '[{"id":"b"}]', ['X-Next-Cursor' => '']));
        $ids = [];
        foreach (self::client($url)->calls->list() as $call) {
            $ids[] = $call->id;
        }
        self::assertSame([['a', 'b'], ['/v1/calls', '/v1/calls?cursor=0']], [$ids, \array_column($asked(), 'path')]);
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
        [$url, $asked] = $this->fake(self::says(200, '{}'));
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
        [$url, $asked] = $this->fake(self::says(200, '{}'));
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
        self::assertSame(999_999_999_999_999.0, Retries::retryAfter(\str_repeat('9', 15), $now));
        self::assertSame(0.0, Retries::retryAfter('Sun, 06 Nov 1994 08:49:00 GMT', $now));
        foreach (['', '1.5', '-1', '1e3', 'tomorrow', 'now', '1994-11-06', 'Sun, 99 Nov 1994 08:49:37 GMT', 'Sun, 31 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 24:00:00 GMT', 'Sun, 06 Nov 1994 :::::::: GMT', \str_repeat('1', 16), \str_repeat('9', 400)] as $header) {
            self::assertNull(Retries::retryAfter($header, $now), $header);
        }
    }
}
