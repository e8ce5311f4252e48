"""Webhooks and voice callbacks: whether a request is ours, and a dependency for FastAPI."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from typing import Any, Awaitable, Callable, Dict, Optional, Union

from ._errors import ArgumentError, SautikitError, SignatureError

#: Seconds that the signature's clock and ours may differ.
TOLERANCE_S = 300
#: The largest body that the dependency reads; ours are far below.
LONGEST_BODY = 1 << 20

_NO_EVENT = "The body is signed, and no event: voice callbacks are forms, for `parse_callback`."
_HEADER = re.compile(r"t=([0-9]{1,15}),v1=([0-9a-f]{64})")


def verify(payload: Union[bytes, str], header: Optional[str], secret: str, *, now: Optional[float] = None) -> None:
    """Raises `SignatureError` unless `header` (`X-Sautikit-Signature`) signs the raw body `payload` with `secret`, as it was
    issued (`whsec_…`), within the last 300 seconds. Give the body as it came: parsed and printed again it is another one.
    """
    if not isinstance(payload, (str, bytes, bytearray, memoryview)):
        raise ArgumentError("`payload` is the body as it came, bytes or a text: what was parsed can't be verified any more.")
    parts = _HEADER.fullmatch(header) if isinstance(header, str) else None
    if not parts:
        raise SignatureError("The signature is missing or malformed.")
    if not secret:
        raise SignatureError("The secret is empty.")
    signed, signature = parts.groups()
    # A text that is none in UTF-8 was never signed.
    raw = payload.encode(errors="surrogatepass") if isinstance(payload, str) else bytes(payload)
    expected = hmac.new(secret.encode(errors="surrogateescape"), raw + b"." + signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise SignatureError("The signature is not that of this body and secret.")
    # Last, so that an unsigned request learns nothing of our clock.
    if abs((time.time() if now is None else now) - int(signed)) > TOLERANCE_S:
        raise SignatureError("The signature is too old, or one of the clocks is wrong.")


def parse(payload: Union[bytes, str], header: Optional[str], secret: str) -> Dict[str, Any]:
    """Verifies as `verify` does, and reads the event: `id`, `event`, `sequence`, `created_at`, `workspace_id`, `data`."""
    verify(payload, header, secret)
    try:
        event = json.loads(payload if isinstance(payload, str) else bytes(payload))
    except (ValueError, RecursionError) as cause:
        raise SautikitError(_NO_EVENT) from cause
    if not isinstance(event, dict):
        raise SautikitError(_NO_EVENT)
    return event


def fastapi(secret: str) -> Callable[..., Awaitable[bytes]]:
    """A dependency for FastAPI that gives the raw body, or answers 400 to what is not signed::

        @app.post("/webhooks")
        async def receive(body: bytes = Depends(webhooks.fastapi(secret))): ...
    """
    if not secret:
        raise ArgumentError("The secret is empty: nothing that is signed with it would be proven.")
    from fastapi import HTTPException, Request

    async def verified(request: Request) -> bytes:
        pieces = []
        length = 0
        async for piece in request.stream():
            length += len(piece)
            # Whoever sends it has shown no signature yet.
            if length > LONGEST_BODY:
                raise HTTPException(400, "The body is too large.")
            pieces.append(piece)
        body = b"".join(pieces)
        # As `request.body()` does, so that others find it there.
        request._body = body
        try:
            verify(body, request.headers.get("x-sautikit-signature"), secret)
        except SignatureError as error:
            raise HTTPException(400, str(error)) from error
        return body

    # FastAPI reads annotations by name, and this module's are text.
    verified.__annotations__ = {"request": Request, "return": bytes}
    return verified
