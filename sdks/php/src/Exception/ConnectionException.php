<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** No answer came: no connection, one that broke, or none in time. What the request did is not known. */
class ConnectionException extends \RuntimeException implements SautikitException
{
}
