"""Streams of events, which outlast their connections."""

from __future__ import annotations

import codecs
import json
import time
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Dict, Generic, Iterator, List, Optional, Tuple, Type, TypeVar

from ._errors import ConnectionError, SautikitError
from ._model import read
from ._request import VISIBLE
from ._retries import pause

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

T = TypeVar("T")

#: The event by which the server lets a reader go who was too slow.
DROPPED = "dropped"
#: The status of a stream that is over for good.
OVER = 204
#: The longest line of a stream.
LONGEST_LINE = 1 << 20


class Reader:
    """What came of a stream over all of its connections."""

    def __init__(self, answer: Tuple[str, str], retries: int) -> None:
        #: Where to go on from; None until the server has said.
        self.place: Optional[str] = None
        self._answer = answer
        self._retries = retries
        self._failed = 0
        self._heard = False
        self._begins = True
        self._rest = b""
        self._event: Dict[str, str] = {}

    def opened(self, content_type: str) -> None:
        """Begins a connection. What the one before cut off comes again."""
        # A page that something in between answers with would be read for ever.
        if not content_type.lower().startswith("text/event-stream"):
            raise SautikitError("The answer is no stream: is this the API's address?")
        self._rest, self._event, self._heard, self._begins = b"", {}, False, True

    def take(self, piece: bytes) -> List[Any]:
        """The events that a piece completes."""
        # Only this ends a line: what `splitlines` takes for an end too may stand within an event.
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise SautikitError("An event can't be read: it is too long.")
        if self._begins and lines:
            self._begins = False
            lines[0] = lines[0][len(codecs.BOM_UTF8) :] if lines[0].startswith(codecs.BOM_UTF8) else lines[0]
        events = []
        for line in lines:
            # A comment is a sign of life as well.
            self._failed, self._heard = 0, True
            event = self._line(line.rstrip(b"\r").decode("utf-8", "replace"))
            if event is not None:
                events.append(event)
        return events

    def _line(self, line: str) -> Any:
        """Takes a line up; an empty one ends an event."""
        if line:
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name:
                self._event[name] = f"{self._event['data']}\n{value}" if name == "data" and "data" in self._event else value
            return None
        event, self._event = self._event, {}
        # An id without data is no event, and tells from where to go on all the same.
        if VISIBLE.fullmatch(event.get("id", "")):
            self.place = event["id"]
        if "data" not in event:
            return None
        if event.get("event") == DROPPED:
            self.place = _place_of(event["data"]) or self.place
            return None
        return read(event, *self._answer)

    def wait(self, error: Exception) -> float:
        """Seconds until the next connection; raises the error where there is none."""
        seconds = pause(error, self._failed) if self._failed < self._retries else None
        if seconds is None:
            raise error
        self._failed += 1
        return seconds

    def ended(self) -> float:
        """Seconds until the next connection after one that the server ended."""
        nothing_came = ConnectionError("The stream ended before anything came.")
        return self.wait(nothing_came) if not self._heard else pause(nothing_came, 0) or 0.0


def _place_of(data: str) -> Optional[str]:
    try:
        place = json.loads(data).get("last_event_id")
    except (ValueError, AttributeError):
        return None
    return str(place) if VISIBLE.fullmatch(str(place)) and place is not None else None


class Events(Generic[T]):
    """Events of a stream: iterate until it is over for good. The connection may end meanwhile: the next one goes on where it
    stopped, and nothing is missed. Leaving the loop closes it.
    """

    def __init__(self, open_: Callable[[Optional[str]], httpx.Response], failure: Callable[[httpx.Response, Exception], SautikitError], lost: Type[Exception], reader: Callable[[], Reader]) -> None:
        self._open = open_
        self._failure = failure
        self._lost = lost
        self._reader = reader

    def __iter__(self) -> Iterator[T]:
        reader = self._reader()
        while True:
            try:
                response = self._open(reader.place)
                try:
                    if response.status_code == OVER:
                        return
                    reader.opened(response.headers.get("content-type", ""))
                    for piece in response.iter_bytes():
                        yield from reader.take(piece)
                except self._lost as error:
                    raise self._failure(response, error) from error
                finally:
                    response.close()
                wait = reader.ended()
            except SautikitError as error:
                wait = reader.wait(error)
            time.sleep(wait)


class AsyncEvents(Generic[T]):
    """Events of a stream: iterate until it is over for good. The connection may end meanwhile: the next one goes on where it
    stopped, and nothing is missed. Leaving the loop closes it.
    """

    def __init__(
        self, open_: Callable[[Optional[str]], Awaitable[httpx.Response]], failure: Callable[[httpx.Response, Exception], SautikitError], lost: Type[Exception], reader: Callable[[], Reader]
    ) -> None:
        self._open = open_
        self._failure = failure
        self._lost = lost
        self._reader = reader

    async def __aiter__(self) -> AsyncIterator[T]:
        import asyncio

        reader = self._reader()
        while True:
            try:
                response = await self._open(reader.place)
                try:
                    if response.status_code == OVER:
                        return
                    reader.opened(response.headers.get("content-type", ""))
                    async for piece in response.aiter_bytes():
                        for event in reader.take(piece):
                            yield event
                except self._lost as error:
                    raise self._failure(response, error) from error
                finally:
                    await response.aclose()
                wait = reader.ended()
            except SautikitError as error:
                wait = reader.wait(error)
            await asyncio.sleep(wait)
