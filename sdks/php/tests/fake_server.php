<?php
// A server that answers with each of the answers in turn (JSON in the first argument) and writes what it was asked to the file
// of the second, a line of JSON each. "close" breaks the connection, "silence" never answers; of an answer with "stream" the
// connection then is ended as "end" says: "close", "reset" or "stay". It prints its port.

declare(strict_types=1);

[, $answers, $log] = $argv;
$answers = json_decode($answers, true, 512, JSON_THROW_ON_ERROR);
$server = stream_socket_server('tcp://127.0.0.1:0');
$silent = [];
echo parse_url('tcp://' . stream_socket_get_name($server, false), PHP_URL_PORT), "\n";
for ($asked = 0; ($connection = stream_socket_accept($server, 60)) !== false; $asked++) {
    $headers = [];
    [$method, $path] = explode(' ', (string) fgets($connection)) + [1 => ''];
    while (($line = trim((string) fgets($connection))) !== '') {
        [$name, $value] = explode(': ', $line, 2);
        $headers[strtolower($name)] = $value;
    }
    $length = (int) ($headers['content-length'] ?? 0);
    $body = $length > 0 ? stream_get_contents($connection, $length) : '';
    file_put_contents($log, json_encode(['method' => $method, 'path' => $path, 'headers' => $headers, 'body' => $body, 'at' => microtime(true)]) . "\n", FILE_APPEND);
    $answer = $answers[min($asked, count($answers) - 1)];
    if ($answer === 'silence') {
        $silent[] = $connection;
        continue;
    }
    if (isset($answer['stream'])) {
        fwrite($connection, "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{$answer['stream']}");
        if ($answer['end'] === 'stay') {
            $silent[] = $connection;
            continue;
        }
        if ($answer['end'] === 'reset') {
            socket_set_option(socket_import_stream($connection), SOL_SOCKET, SO_LINGER, ['l_onoff' => 1, 'l_linger' => 0]);
        }
    } elseif ($answer !== 'close') {
        $text = is_string($answer['body']) ? $answer['body'] : json_encode($answer['body']);
        $head = ['Content-Length' => strlen($text), 'Connection' => 'close'] + $answer['headers'] + ['Content-Type' => 'application/json'];
        $lines = array_map(static fn (string $name, mixed $value): string => "$name: $value\r\n", array_keys($head), $head);
        fwrite($connection, "HTTP/1.1 {$answer['status']} X\r\n" . implode('', $lines) . "\r\n$text");
    }
    fclose($connection);
}
