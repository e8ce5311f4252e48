<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** What was given can't be sent as it is. Nothing was. */
final class ArgumentException extends \InvalidArgumentException implements SautikitException
{
}
