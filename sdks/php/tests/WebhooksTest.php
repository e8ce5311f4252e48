<?php

declare(strict_types=1);

namespace Sautikit\Tests;

use GuzzleHttp\Psr7\HttpFactory;
use GuzzleHttp\Psr7\NoSeekStream;
use GuzzleHttp\Psr7\Response;
use GuzzleHttp\Psr7\ServerRequest;
use GuzzleHttp\Psr7\Utils;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\RequestHandlerInterface;
use Sautikit\Exception\ArgumentException;
use Sautikit\Exception\ShapeException;
use Sautikit\Exception\SignatureException;
use Sautikit\Voice\Action;
use Sautikit\Voice\Callback;
use Sautikit\Voice\VoiceResponse;
use Sautikit\Webhook\Signature;
use Sautikit\Webhook\VerifyMiddleware;

/** What is signed is taken, and nothing else. */
final class WebhooksTest extends Support
{
    private const SECRET = 'whsec_4f6d1c0a9b8e7d6c5b4a39281706f5e4';
    private const NOW = 1_700_000_000;
    private string $body;

    protected function setUp(): void
    {
        $event = ['id' => 'evt_' . \bin2hex(\random_bytes(8)), 'event' => 'call.completed', 'sequence' => 3, 'data' => ['call_id' => 'c-ü'], 'a_new_member' => true];
        $this->body = \json_encode($event, \JSON_UNESCAPED_UNICODE | \JSON_THROW_ON_ERROR);
    }

    public function testABodyIsTakenAsItWasSignedByTheWholeSecret(): void
    {
        Signature::verify($this->body, self::signature($this->body, self::SECRET, self::NOW), self::SECRET, self::NOW);
        Signature::verify($this->body, self::signature($this->body, self::SECRET, self::NOW), self::SECRET, self::NOW + 300);
        self::assertTrue(Signature::parse($this->body, self::signature($this->body, self::SECRET), self::SECRET)['a_new_member']);
    }

    public function testEverythingElseIsRefused(): void
    {
        $header = self::signature($this->body, self::SECRET, self::NOW);
        $cases = [
            'a changed byte' => [\str_replace('completed', 'completeD', $this->body), $header, self::SECRET, self::NOW],
            'another secret' => [$this->body, $header, 'whsec_another', self::NOW],
            'old' => [$this->body, $header, self::SECRET, self::NOW + 301],
            'early' => [$this->body, $header, self::SECRET, self::NOW - 301],
            'no header' => [$this->body, null, self::SECRET, self::NOW],
            'too long' => [$this->body, \str_replace('v1=', 'v1=0', $header), self::SECRET, self::NOW],
            'a line end' => [$this->body, "$header\n", self::SECRET, self::NOW],
            'capitals' => [$this->body, \strtoupper($header), self::SECRET, self::NOW],
            'no secret' => [$this->body, self::signature($this->body, '', self::NOW), '', self::NOW],
        ];
        foreach ($cases as $name => $case) {
            try {
                Signature::verify(...$case);
                self::fail("$name was taken");
            } catch (SignatureException $error) {
                self::assertNotSame('', $error->getMessage());
            }
        }
    }

    public function testTheReceiverTakesASignedWebhookAndRefusesAChangedByte(): void
    {
        [$url, $said] = $this->serveExample('webhook_receiver', ['SAUTIKIT_WEBHOOK_SECRET' => self::SECRET, 'TMPDIR' => $this->folder()]);
        $header = self::signature($this->body, self::SECRET);
        self::assertSame(400, self::post("$url/webhooks", \str_replace('ü', 'u', $this->body), $header));
        self::assertSame(204, self::post("$url/webhooks", $this->body, $header));
        $said('/^call\.completed c-ü$/m');
    }

    public function testABodyThatCannotBeReadTwiceIsHandedOnWhole(): void
    {
        $body = new NoSeekStream(Utils::streamFor($this->body));
        $request = new ServerRequest('POST', '/webhooks', ['X-Sautikit-Signature' => self::signature($this->body, self::SECRET)], $body);
        $handler = new class () implements RequestHandlerInterface {
            public function handle(ServerRequestInterface $request): ResponseInterface
            {
                return new Response(200, [], (string) $request->getBody());
            }
        };
        self::assertSame($this->body, (string) (new VerifyMiddleware(self::SECRET, new HttpFactory()))->process($request, $handler)->getBody());
    }

    public function testAMiddlewareWithoutASecretIsNotSetUp(): void
    {
        $this->expectExceptionObject(new ArgumentException('The secret of VerifyMiddleware is not set.'));
        new VerifyMiddleware('', new HttpFactory());
    }

    public function testWhatIsSignedAndNoEventIsAnErrorOfOurs(): void
    {
        foreach (['From=me', '', 'null', '1', '"x"', '[]', '[{}]', '{', "{\"a\":\"\xff\"}"] as $body) {
            try {
                Signature::parse($body, self::signature($body, self::SECRET), self::SECRET);
                self::fail("an event: $body");
            } catch (ShapeException $error) {
                self::assertStringContainsString('no event', $error->getMessage());
            }
        }
        self::assertSame([], Signature::parse(' {}', self::signature(' {}', self::SECRET), self::SECRET));
    }

    public function testAnAnswerIsTheJsonThatTheServerReads(): void
    {
        $answer = (new VoiceResponse())->getDigits(numDigits: 1, prompt: Action::say('Karibu', rate: 1.0))->dial('client:asha', hangupOnStar: false)->hangup();
        self::assertSame('{"actions":[{"getDigits":{"numDigits":1,"prompt":{"say":{"text":"Karibu","rate":1.0}}}},{"dial":{"to":"client:asha","hangupOnStar":false}},{"hangup":{}}]}', (string) $answer);
    }

    public function testAnEmptyMapIsAnObject(): void
    {
        self::assertSame('{"actions":[{"stream":{"url":"wss://a.example","parameters":{}}}]}', (string) (new VoiceResponse())->stream('wss://a.example', parameters: []));
        self::assertSame('{"stream":{"url":"wss://a.example","parameters":{"a":"b"}}}', \json_encode(Action::stream('wss://a.example', parameters: ['a' => 'b']), \JSON_UNESCAPED_SLASHES));
    }

    public function testABeepIsNoNumber(): void
    {
        $this->expectException(\TypeError::class);
        Action::conference('stand-up', beep: 5);
    }

    public function testTheFormOfACallbackIsReadAsItCame(): void
    {
        $callback = Callback::fromBody('From=%2B254722000001&Digits=1%232&a.new%5Bfield%5D=x+y&Empty=');
        self::assertSame(['+254722000001', '1#2', null], [$callback->From, $callback->Digits, $callback->ErrorCode]);
        $callback = Callback::fromBody('From=%2B254722000001&From=me&Digits=%zz%2&a=%ff&&=z&b');
        self::assertSame(['From' => '+254722000001', 'Digits' => '%zz%2', 'a' => "\u{fffd}", '' => 'z', 'b' => ''], $callback->fields);
        $callback = Callback::fromBody('a.new%5Bfield%5D=x+y&Empty=');
        self::assertSame(['x y', ''], [$callback->fields['a.new[field]'], $callback->fields['Empty']]);
    }
}
