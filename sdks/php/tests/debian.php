<?php
// Where nothing was installed from Packagist, as in our own tests: Guzzle with the PSR interfaces as Debian packages them.

declare(strict_types=1);

if (!\class_exists('GuzzleHttp\Client') && \is_file('/usr/share/php/GuzzleHttp/autoload.php')) {
    require_once '/usr/share/php/GuzzleHttp/autoload.php';
}
// Debian has no package of PSR-15, whose two interfaces are these.
if (!\interface_exists('Psr\Http\Server\MiddlewareInterface')) {
    require_once __DIR__ . '/psr15.php';
}
