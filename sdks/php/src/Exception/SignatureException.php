<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** A webhook or callback that was not signed with the secret, or too long ago. */
final class SignatureException extends \RuntimeException implements SautikitException
{
}
