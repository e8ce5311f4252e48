<?php

declare(strict_types=1);

namespace Sautikit\Exception;

use Psr\Http\Message\ResponseInterface;
use Sautikit\Http\Retries;

/**
 * The API refused a request. Subclasses go by the first part of the code. With the code `sdk.invalid_response` it did not: the
 * request was carried out, and something else than its answer came. `getCode()` is the status.
 */
class ApiException extends \RuntimeException implements SautikitException
{
    /** The code of an answer of success that can't be read. */
    public const INVALID_RESPONSE = 'sdk.invalid_response';

    /**
     * @param int $status HTTP status
     * @param ?string $errorCode the catalogue's code, such as `calls.not_found`; null where something in between answered
     * @param ?string $requestId for the operator, when you report a fault
     * @param ?string $docsUrl the code's page
     * @param ?string $field the member of the body, or the parameter, that is wrong
     * @param mixed $details further facts, as the code's page says
     * @param ?float $retryAfter seconds that the server asks to wait before the next try
     */
    final public function __construct(
        string $message,
        public readonly int $status,
        public readonly ?string $errorCode = null,
        public readonly ?string $requestId = null,
        public readonly ?string $docsUrl = null,
        public readonly ?string $field = null,
        public readonly mixed $details = null,
        public readonly ?float $retryAfter = null,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, $status, $previous);
    }

    /** An answer of success that is not what the endpoint gives. */
    public static function unreadable(ResponseInterface $response, ?\Throwable $previous = null): self
    {
        $requestId = $response->getHeaderLine('X-Request-Id') ?: null;

        return new self('the answer is not what this endpoint gives', $response->getStatusCode(), self::INVALID_RESPONSE, $requestId, previous: $previous);
    }

    /** The refusal that an answer says; what lies between answers without a body of ours, or with one of its own. */
    public static function of(ResponseInterface $response, string $text): self
    {
        $body = \json_decode($text, true);
        $error = \is_array($body) && \is_array($body['error'] ?? null) ? $body['error'] : [];
        $said = static fn (string $name): ?string => \is_string($error[$name] ?? null) ? $error[$name] : null;
        $code = $said('code');
        $class = Families::CLASSES[\explode('.', (string) $code)[0]] ?? self::class;

        return new $class(
            $said('message') ?? "The server answered {$response->getStatusCode()}.",
            $response->getStatusCode(),
            $code,
            $said('request_id') ?? ($response->getHeaderLine('X-Request-Id') ?: null),
            $said('docs_url'),
            $said('field'),
            $error['details'] ?? null,
            Retries::retryAfter($response->getHeaderLine('Retry-After')),
        );
    }
}
