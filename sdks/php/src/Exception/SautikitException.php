<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** Any failure of the SDK. */
interface SautikitException extends \Throwable
{
}
