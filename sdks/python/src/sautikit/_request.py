"""Requests and their repetition, for both clients."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union
from urllib.parse import quote

from . import _retries
from ._errors import ApiError, ConnectionError, SautikitError, TimeoutError
from ._model import read
from ._version import __version__

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

#: How long an answer may take, seconds.
TIMEOUT_S = 30.0
MAX_RETRIES = 2

T = TypeVar("T")


class NotGiven:
    """An argument that was left out, which is not the same as None (null)."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()
Omit = Union[T, NotGiven]


class RequestOptions(NamedTuple):
    """What one request does otherwise than its client."""

    #: Seconds for each try.
    timeout: Optional[float] = None
    max_retries: Optional[int] = None
    #: Instead of one that is made up: best one per intention, kept until the outcome is known.
    idempotency_key: Optional[str] = None
    headers: Mapping[str, str] = {}
    #: Is handed the answer, for what no model has: its status and headers.
    on_response: Optional[Callable[[httpx.Response], None]] = None


class Spec(NamedTuple):
    """A request without its options."""

    method: str
    path: str
    query: Mapping[str, Any] = {}
    headers: Mapping[str, Any] = {}
    body: Any = None
    #: It takes an `Idempotency-Key`, and gets one; None where that is not known.
    idempotent: Optional[bool] = False
    #: What the answer is turned into, and the model of that.
    answer: Tuple[str, str] = ("plain", "")


def path_part(value: Any) -> str:
    """A value as one part of a path."""
    return quote(str(value), safe="")


def _written(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return _moment(value)
    # A voice response is its actions.
    if isinstance(value, Sequence):
        return list(value)
    if hasattr(value, "to_dict"):
        return value.to_dict()
    raise TypeError(f"{type(value).__name__} can't be sent")


def _moment(value: datetime) -> str:
    # A moment without a zone is one of this machine's, as everywhere in Python.
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _in_query(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, datetime) else str(value)


def _limit(seconds: float) -> float:
    if not 0 < seconds < float("inf"):
        raise SautikitError(f"A time-out is a number of seconds above 0, not {seconds!r}.")
    return seconds


def reads_for(request: httpx.Request, seconds: float) -> None:
    """Has what is left of the answer wait that long for its next piece."""
    # Looked up when the body is begun, which is after the headers.
    request.extensions.get("timeout", {})["read"] = seconds


def _new_key() -> str:
    import uuid

    return str(uuid.uuid4())


class Shared:
    """What both transports do."""

    def __init__(
        self,
        api_key: Optional[str],
        base_url: Optional[str],
        timeout: float,
        max_retries: int,
        headers: Optional[Mapping[str, str]],
    ) -> None:
        import platform

        key = api_key or os.environ.get("SAUTIKIT_API_KEY")
        base = base_url or os.environ.get("SAUTIKIT_BASE_URL")
        if not key:
            raise SautikitError("An API key is missing: give `api_key` or set SAUTIKIT_API_KEY.")
        if not base:
            raise SautikitError("The server's address is missing: give `base_url` or set SAUTIKIT_BASE_URL.")
        import httpx

        self.base = base.rstrip("/")
        self.timeout = _limit(timeout)
        self.max_retries = max_retries
        # Names of headers are the same in capitals and in small letters, and so one of them comes once.
        self.headers = httpx.Headers(
            {
                "Accept": "application/json, */*;q=0.5",
                "User-Agent": f"sautikit-python/{__version__} (python {platform.python_version()}; {sys.platform})",
                "Authorization": f"Bearer {key}",
            }
        )
        self.headers.update(headers)

    def prepared(
        self,
        spec: Spec,
        options: RequestOptions,
        client: Union[httpx.Client, httpx.AsyncClient],
        cursor: Optional[str] = None,
        place: Optional[str] = None,
    ) -> httpx.Request:
        headers = self.headers.copy()
        headers.update({name: str(value) for name, value in spec.headers.items() if value is not NOT_GIVEN and value is not None})
        headers.update(options.headers)
        if place is not None:
            headers["Last-Event-ID"] = place
        query = {name: _in_query(value) for name, value in spec.query.items() if value is not NOT_GIVEN and value is not None}
        if cursor is not None:
            query["cursor"] = cursor
        content = None
        if spec.body is not None:
            body = spec.body
            if isinstance(body, Mapping):
                body = {name: value for name, value in body.items() if value is not NOT_GIVEN}
            content = json.dumps(body, default=_written, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        if options.idempotency_key is not None:
            headers["Idempotency-Key"] = options.idempotency_key
        if spec.idempotent and "Idempotency-Key" not in headers:
            headers["Idempotency-Key"] = _new_key()
        if spec.idempotent is False and "Idempotency-Key" in headers:
            # What the server does not heed must not look like a promise.
            del headers["Idempotency-Key"]
        return client.build_request(spec.method, self.base + spec.path, params=query or None, headers=headers, content=content, timeout=self.limit(options))

    def limit(self, options: RequestOptions) -> float:
        return self.timeout if options.timeout is None else _limit(options.timeout)

    def tries(self, options: RequestOptions) -> int:
        return self.max_retries if options.max_retries is None else options.max_retries

    def retries(self, request: httpx.Request, options: RequestOptions) -> int:
        # Without a key the server can't tell a repeated POST from a second one.
        if request.method == "POST" and "Idempotency-Key" not in request.headers:
            return 0
        return self.tries(options)

    def failure(self, request: httpx.Request, error: Exception) -> SautikitError:
        import httpx

        what = f"{request.method} {request.url.path}"
        # asyncio's own has no common base with httpx's.
        if isinstance(error, httpx.TimeoutException) or not isinstance(error, httpx.RequestError):
            return TimeoutError(f"No answer in time: {what}")
        return ConnectionError(f"No answer: {error} ({what})")


def refusal(response: httpx.Response) -> ApiError:
    """The error that an answer says; proxies answer without a body of ours."""
    from ._families import FAMILIES

    try:
        said = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        said = None
    error = said if isinstance(said, dict) else {}

    def text(name: str) -> Optional[str]:
        value = error.get(name)
        return value if isinstance(value, str) and value else None

    code = text("code")
    family = FAMILIES.get(code.split(".")[0], ApiError) if code else ApiError
    return family(
        text("message") or f"The server answered {response.status_code}.",
        status=response.status_code,
        code=code,
        request_id=text("request_id") or response.headers.get("x-request-id"),
        docs_url=text("docs_url"),
        field=text("field"),
        details=error.get("details"),
        retry_after=_retries.retry_after(response.headers.get("retry-after")),
    )


def answer(spec: Spec, response: httpx.Response) -> Any:
    """The body as the operation says."""
    if not response.content:
        return None
    try:
        value = response.json()
    except ValueError as cause:
        raise SautikitError("The answer is no JSON: is this the API's address?") from cause
    return read(value, *spec.answer)
