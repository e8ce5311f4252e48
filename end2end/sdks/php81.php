<?php
// Says what of the PHP files given is newer than PHP 8.1: `php sdks/php81.php FOLDER…`, with Debian's php-parser.
//
// The parser's own version is newer, so it is not enough that it reads them: every construct and every function and class that
// PHP 8.2 or later brought is named here, as its migration guides do (https://www.php.net/manual/en/migration82.php and on).

declare(strict_types=1);

require '/usr/share/php/PhpParser/autoload.php';

use PhpParser\Node;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitorAbstract;

const FUNCTIONS = [
    // 8.2
    'curl_upkeep', 'ini_parse_quantity', 'libxml_get_external_entity_loader', 'memory_reset_peak_usage', 'mysqli_execute_query',
    'odbc_connection_string_is_quoted', 'odbc_connection_string_quote', 'odbc_connection_string_should_quote',
    'openssl_cipher_key_length', 'sodium_crypto_stream_xchacha20_xor_ic',
    // 8.3
    'json_validate', 'mb_str_pad', 'posix_eaccess', 'posix_fpathconf', 'posix_pathconf', 'posix_sysconf', 'socket_atmark',
    'str_decrement', 'str_increment', 'stream_context_set_options',
    // 8.4
    'array_all', 'array_any', 'array_find', 'array_find_key', 'bcceil', 'bcdivmod', 'bcfloor', 'bcround', 'fpow', 'grapheme_str_split',
    'http_clear_last_response_headers', 'http_get_last_response_headers', 'mb_lcfirst', 'mb_ltrim', 'mb_rtrim', 'mb_trim', 'mb_ucfirst',
    'request_parse_body',
    // 8.5
    'array_first', 'array_last', 'get_error_handler', 'get_exception_handler',
];
// Attributes are left out: one that a version does not know does nothing there.
const NAMESPACES = ['random', 'uri'];

final class Newer extends NodeVisitorAbstract
{
    /** @var list<string> */
    public array $found = [];

    public function enterNode(Node $node)
    {
        if ($node instanceof Node\Stmt\Class_ && ($node->flags & Node\Stmt\Class_::MODIFIER_READONLY) !== 0) {
            $this->say($node, 'a readonly class (8.2)');
        }
        if ($node instanceof Node\Stmt\Trait_) {
            foreach ($node->stmts as $inner) {
                if ($inner instanceof Node\Stmt\ClassConst) {
                    $this->say($inner, 'a constant in a trait (8.2)');
                }
            }
        }
        if ($node instanceof Node\Stmt\ClassConst && isset($node->type)) {
            $this->say($node, 'a typed constant (8.3)');
        }
        if ($node instanceof Node\Expr\ClassConstFetch && !$node->name instanceof Node\Identifier) {
            $this->say($node, 'a constant by a computed name (8.3)');
        }
        if ($node instanceof Node\UnionType) {
            foreach ($node->types as $type) {
                if ($type instanceof Node\IntersectionType) {
                    $this->say($node, 'a union of intersections (8.2)');
                }
                if ($type instanceof Node\Identifier && $type->toLowerString() === 'true') {
                    $this->say($node, 'the type true (8.2)');
                }
            }
        }
        foreach (['type', 'returnType'] as $place) {
            $type = $node->$place ?? null;
            if ($type instanceof Node\Identifier && in_array($type->toLowerString(), ['null', 'false', 'true'], true)) {
                $this->say($node, "the type {$type->name} alone (8.2)");
            }
        }
        if ($node instanceof Node\Expr\FuncCall && $node->name instanceof Node\Name) {
            $name = strtolower($node->name->getLast());
            if (in_array($name, FUNCTIONS, true)) {
                $this->say($node, "the function {$name}");
            }
        }
        if ($node instanceof Node\Name) {
            $name = strtolower(ltrim($node->toString(), '\\'));
            if (in_array(strtok($name, '\\'), NAMESPACES, true)) {
                $this->say($node, "the class {$name}");
            }
        }
        return null;
    }

    private function say(Node $node, string $what): void
    {
        $this->found[] = "{$node->getStartLine()}: {$what}";
    }
}

$parser = (new PhpParser\ParserFactory())->create(PhpParser\ParserFactory::ONLY_PHP7);

/** @return list<string> */
function newer(PhpParser\Parser $parser, string $code): array
{
    $visitor = new Newer();
    $traverser = new NodeTraverser();
    $traverser->addVisitor($visitor);
    $traverser->traverse($parser->parse($code) ?? []);
    return $visitor->found;
}

// What finds nothing has to show that it can.
$probes = [
    'readonly class A {}', 'trait A { const B = 1; }', 'function a((A&B)|null $b) {}', 'function a(): true {}', 'function a(): null {}',
    'function a(A|true $b) {}', 'json_validate("");', 'new \Random\Randomizer();',
];
foreach ($probes as $probe) {
    if (newer($parser, "<?php {$probe}") === []) {
        fwrite(STDERR, "not noticed: {$probe}\n");
        exit(2);
    }
}

$files = $newer = 0;
foreach (array_slice($argv, 1) as $folder) {
    foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)) as $file) {
        if ($file->getExtension() !== 'php' || str_contains($file->getPathname(), '/vendor/')) {
            continue;
        }
        $files++;
        foreach (newer($parser, (string) file_get_contents($file->getPathname())) as $found) {
            fwrite(STDERR, "{$file->getPathname()}:{$found}\n");
            $newer++;
        }
    }
}
if ($files === 0 || $newer > 0) {
    exit(1);
}
