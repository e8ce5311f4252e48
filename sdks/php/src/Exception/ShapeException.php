<?php

declare(strict_types=1);

namespace Sautikit\Exception;

/** What came is not of the shape that the API describes: an event, a stream, or a member of an answer. */
final class ShapeException extends \UnexpectedValueException implements SautikitException
{
}
