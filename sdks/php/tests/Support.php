<?php

declare(strict_types=1);

namespace Sautikit\Tests;

use PHPUnit\Framework\TestCase;
use Sautikit\Client;

/** What the tests stand on: examples and a fake server as processes of their own. */
abstract class Support extends TestCase
{
    /** The sandbox carrier: answers and presses 1 2 3 #; is busy. */
    protected const PRESSES = '+254722009906';
    protected const BUSY = '+254722009901';
    private const DEADLINE = 30;

    /** @var list<resource> */
    private array $processes = [];
    /** @var list<string> */
    private array $files = [];
    /** @var list<string> */
    private array $folders = [];

    protected function tearDown(): void
    {
        foreach ($this->processes as $process) {
            \proc_terminate($process);
            \proc_close($process);
        }
        foreach ($this->folders as $folder) {
            self::remove($folder);
        }
        \array_map('unlink', \array_filter($this->files, 'is_file'));
    }

    private static function remove(string $folder): void
    {
        foreach (new \FilesystemIterator($folder) as $entry) {
            // The package is a link, whose target stays.
            $entry->isDir() && !$entry->isLink() ? self::remove((string) $entry) : \unlink((string) $entry);
        }
        \rmdir($folder);
    }

    protected static function eventually(string $what, callable $look): mixed
    {
        for ($until = \microtime(true) + self::DEADLINE; ; \usleep(50_000)) {
            $seen = $look();
            if ($seen) {
                return $seen;
            }
            self::assertLessThan($until, \microtime(true), "not in time: $what");
        }
    }

    private function file(): string
    {
        return $this->files[] = (string) \tempnam(\sys_get_temp_dir(), 'sautikit-php-');
    }

    /** A folder that goes with the test. */
    protected function folder(): string
    {
        $folder = \sys_get_temp_dir() . '/sautikit-php-' . \bin2hex(\random_bytes(8));
        \mkdir($folder);

        return $this->folders[] = $folder;
    }

    /** Runs an example to its end; what it printed. */
    protected static function runExample(string $name, string ...$args): string
    {
        return self::output([\PHP_BINARY, "examples/$name.php", ...$args], \dirname(__DIR__));
    }

    /**
     * Runs a program to its end; what it printed.
     *
     * @param list<string> $command
     */
    protected static function output(array $command, string $folder): string
    {
        $process = \proc_open($command, [1 => ['pipe', 'w'], 2 => \STDERR], $pipes, $folder);
        $output = (string) \stream_get_contents($pipes[1]);
        self::assertSame(0, \proc_close($process), $output);

        return $output;
    }

    /**
     * Starts an example that serves.
     *
     * @param array<string, string> $env
     * @return array{string, callable(string): void} its address, and what waits until its output fits a pattern
     */
    protected function serveExample(string $name, array $env = []): array
    {
        $probe = \stream_socket_server('tcp://127.0.0.1:0');
        $port = \parse_url('tcp://' . \stream_socket_get_name($probe, false), \PHP_URL_PORT);
        \fclose($probe);
        $output = $this->file();
        $command = [\PHP_BINARY, '-S', "127.0.0.1:$port", __DIR__ . "/../examples/$name.php"];
        $this->processes[] = \proc_open($command, [1 => ['file', $output, 'a'], 2 => ['file', $this->file(), 'a']], $pipes, \dirname(__DIR__), $env + \getenv());
        self::eventually('the example to listen', static fn (): bool => @\stream_socket_client("tcp://127.0.0.1:$port") !== false);

        return ["http://127.0.0.1:$port", static function (string $pattern) use ($output): void {
            self::eventually("the example to say $pattern", static fn (): bool => \preg_match($pattern, (string) \file_get_contents($output)) === 1);
        }];
    }

    /**
     * @param mixed ...$answers
     * @return array{string, callable(): list<array<string, mixed>>} the fake's address, and what it was asked
     */
    protected function fake(mixed ...$answers): array
    {
        $log = $this->file();
        $command = [\PHP_BINARY, __DIR__ . '/fake_server.php', \json_encode($answers, \JSON_THROW_ON_ERROR), $log];
        $this->processes[] = \proc_open($command, [1 => ['pipe', 'w'], 2 => \STDERR], $pipes);
        $port = \trim((string) \fgets($pipes[1]));

        return ["http://127.0.0.1:$port", static fn (): array => \array_map(
            static fn (string $line): array => \json_decode($line, true, 512, \JSON_THROW_ON_ERROR),
            \file($log, \FILE_IGNORE_NEW_LINES) ?: [],
        )];
    }

    protected static function client(string $url, float $timeout = 30.0, int $maxRetries = 2): Client
    {
        return new Client('skt_live_x', $url, $timeout, $maxRetries);
    }

    /** @param array<string, string> $headers */
    protected static function says(int $status, mixed $body, array $headers = []): array
    {
        return ['status' => $status, 'body' => $body, 'headers' => $headers];
    }

    /** A stream, and how its connection ends: "close", "reset" or "stay". */
    protected static function streams(string $text, string $end = 'close'): array
    {
        return ['stream' => $text, 'end' => $end];
    }

    /**
     * A refusal as the API writes it.
     *
     * @param array<string, mixed> $more
     * @param array<string, string> $headers
     */
    protected static function refused(int $status, string $code, array $more = [], array $headers = []): array
    {
        $error = ['code' => $code, 'message' => 'No.', 'docs_url' => "http://x/docs/errors/$code", 'request_id' => 'req_1'] + $more;

        return self::says($status, ['error' => $error], $headers);
    }

    protected static function signature(string $body, string $secret, ?int $at = null): string
    {
        $at ??= \time();

        return "t=$at,v1=" . \hash_hmac('sha256', "$body.$at", $secret);
    }

    protected static function post(string $url, string $body, string $signature): int
    {
        $client = new \GuzzleHttp\Client(['http_errors' => false]);

        return $client->post($url, ['body' => $body, 'headers' => ['X-Sautikit-Signature' => $signature]])->getStatusCode();
    }
}
