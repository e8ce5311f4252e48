<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** Any failure of the SDK. */
class SautikitException extends \RuntimeException
{
}
