"""A body that is given up when its time is over, however much of it drips in until then."""

from __future__ import annotations

import time
from typing import Iterator

import httpx


class Deadline(httpx.SyncByteStream):
    """The stream of a response, until a moment of `time.monotonic()`."""

    def __init__(self, stream: httpx.SyncByteStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the answer took too long")
            yield piece

    def close(self) -> None:
        self._stream.close()
