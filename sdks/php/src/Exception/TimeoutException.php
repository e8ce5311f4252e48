<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** No answer came in time. What the request did is not known. */
final class TimeoutException extends ConnectionException
{
}
