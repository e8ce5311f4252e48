"""Requests and their repetition, for both clients."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar, Union
from urllib.parse import quote

from . import _retries
from ._errors import INVALID_RESPONSE, ApiError, ArgumentError, ConnectionError, SautikitError, TimeoutError
from ._model import read
from ._version import __version__

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

#: How long an answer may take, seconds.
TIMEOUT_S = 30.0
MAX_RETRIES = 2
#: As good as no time-out.
LONGEST_S = 1e8

T = TypeVar("T")

#: What a key or an id may be made of in a header.
VISIBLE = re.compile(r"[!-~]+")
#: A header's value without the blanks around it.
_VALUE = re.compile(r"[\t -~]*")
_HOST = re.compile(r"[0-9A-Za-z._:-]+")
#: What says where a body ends: a wrong one makes two requests of one.
_FRAMING = ("content-length", "transfer-encoding")
#: A header's name, or a method.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _text(value: Any) -> str:
    # A member of an `Enum` of texts is its text, whatever it prints.
    return str.__str__(value) if isinstance(value, str) else str(value)


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
    text = "" if value is None else _text(value)
    # With these the path would be that of another endpoint.
    if text in ("", ".", ".."):
        raise ArgumentError(f"This is no id: {value!r}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as cause:
        raise ArgumentError(f"This is no id: {value!r}") from cause


def _written(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return _moment(value)
    # A voice response is its actions. Bytes are a sequence too, and no list of numbers was meant.
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
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
    return _moment(value) if isinstance(value, datetime) else _text(value)


def _limit(seconds: float) -> float:
    if not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
        raise ArgumentError(f"A time-out is a number of seconds above 0, not {seconds!r}.")
    # No clock of a socket goes further than some centuries.
    return min(seconds, LONGEST_S)


def _times(retries: int) -> int:
    if not isinstance(retries, (int, float)):
        raise ArgumentError(f"How often a request is repeated is a number, not {retries!r}.")
    return retries


def _address(base: str) -> str:
    """A server's address without the slashes at its end."""
    import httpx

    try:
        if not isinstance(base, str):
            raise ValueError("not a text")
        url = httpx.URL(base)
        host = url.raw_host.decode()
        if url.scheme not in ("http", "https") or not _HOST.fullmatch(host) or (url.port or 0) > 65535 or "?" in base or "#" in base:
            raise ValueError("no scheme, no host, or more than an address has")
        # What the look-up of the name would stumble over later.
        host.encode("idna")
    except (httpx.InvalidURL, ValueError) as cause:
        # It is not shown: there may be a password in it.
        raise ArgumentError(f"The server's address is none such as https://voice.example: {cause}") from cause
    if url.userinfo:
        raise ArgumentError("The server's address has a user or password in it, which would be sent instead of the API key.")
    return base.rstrip("/")


def _headers(given: Optional[Mapping[str, str]]) -> Dict[str, str]:
    """Headers that can be sent."""
    headers = {}
    for name, value in (given or {}).items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ArgumentError(f"This is no header's name: {name!r}")
        if name.lower() in _FRAMING:
            raise ArgumentError(f"The header {name} goes with the body, and is not given.")
        # The value may be a secret.
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ArgumentError(f"The header {name} is not of visible ASCII characters.")
        headers[name] = value.strip()
    return headers


def _body(body: Any) -> bytes:
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if value is not NOT_GIVEN}
    try:
        return json.dumps(body, default=_written, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        raise ArgumentError(f"The body can't be written as JSON: {cause}") from cause


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
            raise ArgumentError("An API key is missing: give `api_key` or set SAUTIKIT_API_KEY.")
        if not base:
            raise ArgumentError("The server's address is missing: give `base_url` or set SAUTIKIT_BASE_URL.")
        # It is not shown: but for a line end it may be right.
        if not isinstance(key, str) or not VISIBLE.fullmatch(key):
            raise ArgumentError("The API key is not of visible ASCII characters alone.")
        import httpx

        self.base = _address(base)
        self.timeout = _limit(timeout)
        self.max_retries = _times(max_retries)
        # Names of headers are the same in capitals and in small letters, and so one of them comes once.
        self.headers = httpx.Headers(
            {
                "Accept": "application/json, */*;q=0.5",
                "User-Agent": f"sautikit-python/{__version__} (python {platform.python_version()}; {sys.platform})",
                "Authorization": f"Bearer {key}",
            }
        )
        self.headers.update(_headers(headers))

    def prepared(
        self,
        spec: Spec,
        options: RequestOptions,
        client: Union[httpx.Client, httpx.AsyncClient],
        cursor: Optional[str] = None,
        place: Optional[str] = None,
    ) -> httpx.Request:
        import httpx

        # Elsewhere they lead to another server, and the key with them.
        if not spec.path.startswith("/") or not _TOKEN.fullmatch(spec.method):
            raise ArgumentError(f"This is no request: {spec.method} {spec.path}")
        headers = self.headers.copy()
        headers.update(_headers({name: str(value) for name, value in spec.headers.items() if value is not NOT_GIVEN and value is not None}))
        headers.update(_headers(options.headers))
        if place is not None:
            headers["Last-Event-ID"] = place
        query = {name: _in_query(value) for name, value in spec.query.items() if value is not NOT_GIVEN and value is not None}
        if cursor is not None:
            query["cursor"] = cursor
        content = None
        if spec.body is not None:
            content = _body(spec.body)
            headers["Content-Type"] = "application/json"
        if options.idempotency_key is not None:
            headers.update(_headers({"Idempotency-Key": options.idempotency_key}))
        # Sent or replaced, it would not be the promise that was meant.
        if headers.get("Idempotency-Key") == "":
            raise ArgumentError("The idempotency key is empty.")
        if spec.idempotent and "Idempotency-Key" not in headers:
            headers["Idempotency-Key"] = _new_key()
        if spec.idempotent is False and "Idempotency-Key" in headers:
            # What the server does not heed must not look like a promise.
            del headers["Idempotency-Key"]
        try:
            return client.build_request(spec.method, self.base + spec.path, params=query or None, headers=headers, content=content, timeout=self.limit(options))
        except (httpx.InvalidURL, UnicodeEncodeError) as cause:
            raise ArgumentError(f"This request can't be sent: {cause}") from cause

    def limit(self, options: RequestOptions) -> float:
        return self.timeout if options.timeout is None else _limit(options.timeout)

    def tries(self, options: RequestOptions) -> int:
        return self.max_retries if options.max_retries is None else _times(options.max_retries)

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


def without_cookies(client: T) -> T:
    """A client of ours keeps nobody's cookies: who asks is said by the key alone."""
    from http.cookiejar import DefaultCookiePolicy

    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # type: ignore[attr-defined]
    return client


def refusal(response: httpx.Response) -> ApiError:
    """The error that an answer says; proxies answer without a body of ours."""
    from ._families import FAMILIES

    try:
        said = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
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
    is_known = spec.idempotent is not None
    if not response.content and not is_known:
        return None
    try:
        value = response.json()
        # All endpoints answer with one of them.
        if is_known and not isinstance(value, (dict, list)):
            raise ValueError("neither an object nor a list")
        return read(value, *spec.answer)
    except (ValueError, RecursionError) as cause:
        request_id = response.headers.get("x-request-id")
        raise ApiError("the answer is not what this endpoint gives", status=response.status_code, code=INVALID_RESPONSE, request_id=request_id) from cause
