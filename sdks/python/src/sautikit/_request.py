"""Requests and their repetition, for both clients."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Tuple, TypeVar, Union
from urllib.parse import quote

from . import _retries
from ._errors import ApiError, ConnectionError, SautikitError, TimeoutError
from ._model import Model, read
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


class Spec(NamedTuple):
    """A request without its options."""

    method: str
    path: str
    query: Mapping[str, Any] = {}
    headers: Mapping[str, Any] = {}
    body: Any = None
    #: It takes an `Idempotency-Key`, and gets one.
    idempotent: bool = False
    #: What the answer is turned into, and the model of that.
    answer: Tuple[str, str] = ("plain", "")


def path_part(value: Any) -> str:
    """A value as one part of a path."""
    return quote(str(value), safe="")


def _written(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return _moment(value)
    raise TypeError(f"{type(value).__name__} can't be sent")


def _moment(value: datetime) -> str:
    # A moment without a zone is one of this machine's, as everywhere in Python.
    return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _in_query(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, datetime) else str(value)


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
        self.base = base.rstrip("/")
        self.timeout = timeout
        self.max_retries = max_retries
        self.headers = {
            "Accept": "application/json, */*;q=0.5",
            "User-Agent": f"sautikit-python/{__version__} (python {platform.python_version()}; {sys.platform})",
            "Authorization": f"Bearer {key}",
            **(headers or {}),
        }

    def prepared(self, spec: Spec, options: RequestOptions, client: Union[httpx.Client, httpx.AsyncClient], cursor: Optional[str]) -> httpx.Request:
        headers = dict(self.headers)
        headers.update({name: str(value) for name, value in spec.headers.items() if value is not NOT_GIVEN and value is not None})
        headers.update(options.headers)
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
        key = options.idempotency_key or (_new_key() if spec.idempotent else None)
        if key is not None:
            headers["Idempotency-Key"] = key
        timeout = self.timeout if options.timeout is None else options.timeout
        return client.build_request(spec.method, self.base + spec.path, params=query or None, headers=headers, content=content, timeout=timeout)

    def retries(self, request: httpx.Request, options: RequestOptions) -> int:
        # Without a key the server can't tell a repeated POST from a second one.
        if request.method == "POST" and "Idempotency-Key" not in request.headers:
            return 0
        return self.max_retries if options.max_retries is None else options.max_retries

    def failure(self, request: httpx.Request, error: Exception) -> SautikitError:
        import httpx

        what = f"{request.method} {request.url.path}"
        if isinstance(error, httpx.TimeoutException):
            return TimeoutError(f"No answer in time: {what}")
        return ConnectionError(f"No answer: {error} ({what})")


def refusal(response: httpx.Response) -> ApiError:
    """The error that an answer says; proxies answer without a body of ours."""
    from ._families import FAMILIES

    try:
        error = response.json()["error"]
        code = error["code"]
    except (ValueError, KeyError, TypeError):
        error, code = {}, None
    family = FAMILIES.get(code.split(".")[0], ApiError) if code else ApiError
    return family(
        error.get("message") or f"The server answered {response.status_code}.",
        status=response.status_code,
        code=code,
        request_id=error.get("request_id") or response.headers.get("x-request-id"),
        docs_url=error.get("docs_url"),
        field=error.get("field"),
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
