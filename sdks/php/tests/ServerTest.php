<?php

declare(strict_types=1);

namespace Sautikit\Tests;

use Sautikit\Client;
use Sautikit\Exception\ActionsException;
use Sautikit\Exception\ApiException;
use Sautikit\Exception\ValidationException;
use Sautikit\Model\Call;
use Sautikit\Model\CallStatus;
use Sautikit\Voice\Action;
use Sautikit\Voice\VoiceResponse;

/** Against a real server: what the examples do, lists, errors. */
final class ServerTest extends Support
{
    private static function number(): string
    {
        return (string) \getenv('SAUTIKIT_NUMBER');
    }

    public function testQuickstartACallIsPlacedFollowedToItsEndAndItsCostIsKnown(): void
    {
        $printed = self::runExample('quickstart', self::number(), '+254722000042');
        self::assertMatchesRegularExpression('/\Acall\.ringing\n.*\ncompleted, [1-9]\d* s, KES [1-9]\d* \(minor units\)\n\z/s', $printed);
    }

    public function testTheQuickstartRunsInAFolderThatHasThePackage(): void
    {
        $folder = $this->folder();
        // What Composer would fetch, Debian has: see debian.php.
        $replaced = ['psr/http-client', 'psr/http-client-implementation', 'psr/http-factory', 'psr/http-factory-implementation', 'psr/http-message', 'psr/http-server-middleware'];
        \file_put_contents("$folder/composer.json", \json_encode([
            'repositories' => [['type' => 'path', 'url' => \dirname(__DIR__)], ['packagist.org' => false]],
            'require' => ['sautikit/sautikit' => '@dev'],
            'replace' => \array_fill_keys($replaced, '*'),
            'autoload' => ['files' => [__DIR__ . '/debian.php']],
        ], \JSON_THROW_ON_ERROR));
        \copy(__DIR__ . '/../examples/quickstart.php', "$folder/quickstart.php");
        self::output(['composer', 'install', '--quiet', '--no-interaction'], $folder);
        self::assertStringContainsString("\ncompleted, ", self::output([\PHP_BINARY, 'quickstart.php', self::number(), '+254722000042'], $folder));
    }

    public function testIvrTheKeysThatACallerPressesComeBackToTheMenu(): void
    {
        [$url, $said] = $this->serveExample('ivr');
        $client = new Client();
        $accepted = $client->calls->create(['from' => self::number(), 'to' => [self::PRESSES], 'voice_callback_url' => "$url/voice"]);
        $said('/pressed 123$/m');
        $call = self::eventually('the end', static function () use ($client, $accepted): ?Call {
            $call = $client->calls->get($accepted->call_id);

            return $call->ended_at === null ? null : $call;
        });
        self::assertSame(CallStatus::COMPLETED, $call->status);
        self::assertInstanceOf(\DateTimeImmutable::class, $call->started_at);
        self::assertSame(self::PRESSES, $call->legs[0]->target);
        // An unsigned request hears nothing.
        self::assertSame(400, self::post("$url/voice", 'From=me', ''));
    }

    public function testWebhooksThatTheServerSendsAreTakenByTheReceiverAndWithAChangedByteRefused(): void
    {
        // They are handed on, because the endpoint's address must be known before its secret is.
        [$url, $sent] = $this->fake(self::says(204, ''));
        $client = new Client();
        $endpoint = $client->webhooks->create(['url' => "$url/", 'events' => ['call.*']]);
        try {
            [$receiver, $said] = $this->serveExample('webhook_receiver', ['SAUTIKIT_WEBHOOK_SECRET' => $endpoint->secret, 'TMPDIR' => $this->folder()]);
            $client->webhooks->test($endpoint->id);
            $test = self::eventually('the test event', static fn (): ?array => $sent()[0] ?? null);
            $callId = $client->calls->create(['from' => self::number(), 'to' => self::BUSY])->call_id;
            $real = self::eventually('an event of the call', static fn (): ?array => \array_values(\array_filter($sent(), static fn (array $one): bool => \str_contains($one['body'], $callId)))[0] ?? null);
            foreach ([$test, $real] as ['body' => $body, 'headers' => $headers]) {
                $signature = $headers['x-sautikit-signature'];
                $changed = \substr_replace($body, \chr(\ord($body[-2]) ^ 1), -2, 1);
                self::assertSame(400, self::post("$receiver/webhooks", $changed, $signature));
                self::assertSame(204, self::post("$receiver/webhooks", $body, $signature));
                $event = \json_decode($body, true);
                $said('/^' . \preg_quote("{$event['event']} {$event['data']['call_id']}", '/') . '$/m');
            }
        } finally {
            $client->webhooks->delete($endpoint->id);
        }
    }

    public function testBrowserTokenThePageGetsATokenForItsPhone(): void
    {
        [$url] = $this->serveExample('browser_token');
        $token = \json_decode((string) \file_get_contents("$url/api/sip-token", false, \stream_context_create(['http' => ['method' => 'POST']])), true);
        self::assertSame('front-desk', $token['identity']);
        self::assertSame(2, \substr_count($token['token'], '.'));
    }

    public function test1000CallsAreListedWithoutAGapOrADoubleWhileCallsAreAdded(): void
    {
        $client = new Client((string) \getenv('SAUTIKIT_MANY_KEY'));
        $wanted = \file((string) \getenv('SAUTIKIT_MANY_IDS'), \FILE_IGNORE_NEW_LINES);
        $listed = [];
        foreach ($client->calls->list(['limit' => 50]) as $call) {
            $listed[] = $call->id;
            if (\count($listed) % 100 === 0) {
                $client->calls->create(['from' => (string) \getenv('SAUTIKIT_MANY_NUMBER'), 'to' => self::BUSY]);
            }
        }
        self::assertCount(1_000, $wanted);
        self::assertSame($listed, \array_values(\array_unique($listed)));
        self::assertSame([], \array_diff($wanted, $listed));
    }

    public function testWhatTheBuildersPrintIsWhatTheServerTakes(): void
    {
        $answer = (new VoiceResponse())
            ->say('Karibu', voice: 'woman', language: 'sw-KE', rate: 0.9, loop: 2)
            ->getDigits(numDigits: 1, timeout: 3, finishOnKey: '', bargeIn: false, attempts: 2, prompt: [Action::say('One'), Action::say('Two')], action: 'http://127.0.0.1:9/next')
            ->dial(['+254722000042', ['client' => 'asha']], timeout: 20, sequential: true, hangupOnStar: true)
            ->conference('standup', beep: false, maxParticipants: 3)
            ->pause(length: 2)
            ->redirect('http://127.0.0.1:9/next');
        $client = new Client();
        foreach ([$answer, (new VoiceResponse())->hangup()] as $one) {
            $accepted = $client->calls->create(['from' => self::number(), 'to' => self::BUSY, 'actions' => $one->actions()]);
            self::assertNotSame('', $accepted->call_id);
        }
        // Whom you call can't be turned away.
        $this->expectException(ActionsException::class);
        $this->expectExceptionMessage('reject');
        $client->calls->create(['from' => self::number(), 'to' => self::BUSY, 'actions' => (new VoiceResponse())->reject(reason: 'busy')->actions()]);
    }

    public function testEveryVerbWithEveryAttributeIsWhatTheServerReads(): void
    {
        $url = 'https://a.example/next';
        $answer = (new VoiceResponse())
            ->say('Karibu', voice: 'woman', language: 'sw-KE', rate: 0.9, loop: 2)
            ->play('https://a.example/a.mp3', loop: 2)
            // Another name of numDigits, so that it has an action of its own.
            ->getDigits(maxDigits: 4)
            ->getDigits(numDigits: 1, timeout: 3, firstDigitTimeout: 3, finishOnKey: '#', bargeIn: false, attempts: 2, prompt: Action::say('One'), invalidPrompt: Action::say('No'), action: $url)
            ->dial(['+254722000042', ['client' => 'asha']], action: $url, callerId: self::number(), hangupOnStar: true, machineDetection: 'detectMessageEnd', maxDuration: 60, record: 'dual', ringTone: 'ke', sequential: true, timeout: 20)
            ->conference('standup', action: $url, beep: 'onEnter', coach: 'HD_' . \str_repeat('0', 32), endOnExit: true, maxParticipants: 3, muted: false, record: true, startOnEnter: false, waitUrl: '')
            ->enqueue('support', action: $url, holdMusic: 'https://a.example/a.mp3', maxQueueSize: 2, timeout: 30)
            ->dequeue('support', action: $url, record: 'dual', timeout: 5)
            ->leave()
            ->record(action: $url, finishOnKey: '#', maxLength: 30, playBeep: true, timeout: 3, trimSilence: true)
            ->stream('wss://a.example/audio', action: $url, bidirectional: false, name: 'a', parameters: [], statusCallback: $url, track: 'inbound')
            ->stopStream(name: 'a')
            ->sendDigits('1w2')
            ->pause(length: 2)
            ->redirect($url)
            ->hangup();
        $seen = [];
        // Who is turned away was not answered before.
        foreach ([$answer, (new VoiceResponse())->reject(reason: 'busy')] as $one) {
            $read = (new Client())->actions->validate(['document' => (string) $one]);
            self::assertSame([null, []], [$read->error?->toArray(), $read->warnings]);
            $seen = [...$seen, ...\array_map('key', $read->actions)];
        }
        $verbs = \array_map(static fn (\ReflectionMethod $verb): string => $verb->getName(), (new \ReflectionClass(Action::class))->getMethods(\ReflectionMethod::IS_PUBLIC));
        self::assertEqualsCanonicalizing($verbs, \array_unique($seen));
    }

    public function testAllCallsAreFollowedWhileOneIsPlacedAndAgainFromAnyOfTheirEvents(): void
    {
        $client = new Client();
        $found = [];
        $callId = $client->calls->create(['from' => self::number(), 'to' => self::BUSY])->call_id;
        foreach ($client->calls->streamCalls(['lastEventId' => 0]) as $event) {
            $told = \json_decode($event->data, true, 512, \JSON_THROW_ON_ERROR);
            self::assertSame($event->event, $told['event']);
            if ($told['data']['call_id'] === $callId) {
                $found[] = $event->id;
            }
            if (\count($found) === 2) {
                break;
            }
        }
        foreach ($client->calls->streamCalls(['lastEventId' => $found[0]]) as $event) {
            self::assertGreaterThan((int) $found[0], (int) $event->id);
            if ($event->id === $found[1]) {
                break;
            }
        }
    }

    public function testAPageCanBeReadByItself(): void
    {
        $page = (new Client())->numbers->listAvailable(['country' => 'KE', 'currency' => 'KES', 'limit' => 2]);
        self::assertCount(2, $page->data());
        self::assertNotSame($page->data()[0]->id, $page->next()?->data()[0]->id);
    }

    public function testTheSameWrongRequestsGiveTheSameErrorsInEveryLanguage(): void
    {
        $client = new Client();
        $place = static fn (array $body) => $client->calls->create(['from' => self::number()] + $body);
        $error = ['code' => 502, 'message' => 'Bad gateway', 'field' => 1, 'docs_url' => null];
        [$proxy] = $this->fake(self::says(502, ['error' => $error], ['X-Request-Id' => 'req_of_a_proxy']));
        $wrong = [
            'nonsense' => static fn () => $place(['to' => 'nonsense']),
            'unknown' => static fn () => $client->calls->get('00000000-0000-7000-8000-000000000000'),
            'emergency' => static fn () => $place(['to' => '999']),
            'actions' => static fn () => $place(['to' => self::BUSY, 'actions' => [['say' => ['text' => '']]]]),
            'limit' => static fn () => $client->calls->list(['limit' => 0])->data(),
            'key' => static fn () => (new Client('skt_live_wrong'))->calls->list()->data(),
            'proxy' => static fn () => (new Client(baseUrl: $proxy, maxRetries: 0))->calls->get('c'),
        ];
        $facts = [];
        foreach ($wrong as $name => $ask) {
            try {
                $ask();
                self::fail("$name was no error");
            } catch (ApiException $error) {
                self::assertStringStartsWith('req_', (string) $error->requestId);
                $family = (string) \preg_replace('/Exception$/', '', (new \ReflectionClass($error))->getShortName());
                $facts[$name] = ['family' => $family, 'status' => $error->status, 'code' => $error->errorCode, 'field' => $error->field, 'docs_url' => $error->docsUrl];
                if ($name === 'nonsense') {
                    self::assertInstanceOf(ValidationException::class, $error);
                    self::assertSame(['validation.bad_request', 400, 'to'], [$error->errorCode, $error->getCode(), $error->field]);
                }
            }
        }
        self::assertSame(['family' => 'Api', 'status' => 502, 'code' => null, 'field' => null, 'docs_url' => null], $facts['proxy']);
        \file_put_contents(\getenv('SAUTIKIT_FACTS') . '/php.json', \json_encode($facts, \JSON_THROW_ON_ERROR));
    }
}
