"""What goes wrong: everything raised by the SDK is a `SautikitError`."""

from __future__ import annotations

from typing import Any, Optional, Tuple, Type


class SautikitError(Exception):
    """Any failure."""


class ArgumentError(SautikitError, ValueError):
    """What was given can't be sent as it is. Nothing was."""


class ConnectionError(SautikitError):  # noqa: A001 (the name that people look for, within our module)
    """No answer came: no connection, or one that broke. What the request did is not known."""


class TimeoutError(ConnectionError):  # noqa: A001
    """No answer came in time. What the request did is not known."""


class SignatureError(SautikitError):
    """A webhook or callback that was not signed with the secret, or too long ago."""


#: The code of an answer of success that can't be read.
INVALID_RESPONSE = "sdk.invalid_response"


class ApiError(SautikitError):
    """The API refused a request. Subclasses go by the first part of `code`.

    With the code `sdk.invalid_response` it did not: the request was carried out, and something else than its answer came.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: Optional[str] = None,
        request_id: Optional[str] = None,
        docs_url: Optional[str] = None,
        field: Optional[str] = None,
        details: Any = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        #: HTTP status.
        self.status = status
        #: The catalogue's code, such as `calls.not_found`; None where something in between answered.
        self.code = code
        #: Give it to the operator when you report a fault.
        self.request_id = request_id
        #: The code's page.
        self.docs_url = docs_url
        #: The member of the body, or the parameter, that is wrong.
        self.field = field
        #: Further facts, as the code's page says.
        self.details = details
        #: Seconds that the server asks to wait before the next try.
        self.retry_after = retry_after

    def __reduce__(self) -> Tuple[Any, ...]:
        # An exception is rebuilt by its positional arguments, and here all but one go by name.
        return _bare, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.code else self.message


def _bare(kind: Type[ApiError], args: Tuple[Any, ...]) -> ApiError:
    """An error whose attributes are set afterwards."""
    return kind.__new__(kind, *args)
