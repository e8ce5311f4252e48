"""Lists by pages, and streams of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Dict, Generator, Generic, Iterator, List, Optional, Tuple, Type, TypeVar

from ._errors import ConnectionError
from ._model import read

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

T = TypeVar("T")


class Page(Generic[T]):
    """One page of a list. Iterating over it goes on through all later pages, each asked for when it is reached."""

    def __init__(self, data: List[T], next_cursor: Optional[str], follow: Optional[Callable[[str], "Page[T]"]]) -> None:
        #: The rows of this page.
        self.data = data
        #: The cursor of the next page; None on the last.
        self.next_cursor = next_cursor
        self._follow = follow

    def next_page(self) -> Optional["Page[T]"]:
        """The page after this one; None after the last."""
        return self._follow(self.next_cursor) if self.next_cursor and self._follow else None

    def pages(self) -> Iterator["Page[T]"]:
        """This page and all later ones."""
        page: Optional[Page[T]] = self
        while page is not None:
            yield page
            page = page.next_page()

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.data


class AsyncPages(Generic[T]):
    """`await` gives the first page, `async for` all rows of all pages, each page when it is reached."""

    def __init__(self, fetch: Callable[[Optional[str]], Awaitable[Page[T]]]) -> None:
        self._fetch = fetch

    def __await__(self) -> Generator[Any, None, Page[T]]:
        return self._fetch(None).__await__()

    async def pages(self) -> AsyncIterator[Page[T]]:
        """All pages, one after the other."""
        page = await self._fetch(None)
        while True:
            yield page
            if not page.next_cursor:
                return
            page = await self._fetch(page.next_cursor)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for row in page.data:
                yield row


class _Reader:
    """Lines of server-sent events."""

    def __init__(self) -> None:
        self._event: Dict[str, str] = {}

    def take(self, line: str) -> Optional[Dict[str, str]]:
        """Takes a line up; an empty one ends an event."""
        if line == "":
            event, self._event = self._event, {}
            return event if "data" in event else None
        if not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            self._event[name] = f"{self._event['data']}\n{value}" if name == "data" and "data" in self._event else value
        return None


class Events(Generic[T]):
    """Events of a stream: iterate until the server ends it; leaving the loop closes the connection."""

    def __init__(self, open_: Callable[[], httpx.Response], answer: Tuple[str, str], lost: Type[Exception]) -> None:
        self._open = open_
        self._answer = answer
        self._lost = lost

    def __iter__(self) -> Iterator[T]:
        response, reader = self._open(), _Reader()
        try:
            for line in response.iter_lines():
                event = reader.take(line)
                if event is not None:
                    yield read(event, *self._answer)
        except self._lost as error:
            raise ConnectionError("The stream broke; go on with the id of the last event.") from error
        finally:
            response.close()


class AsyncEvents(Generic[T]):
    """Events of a stream: iterate until the server ends it; leaving the loop closes the connection."""

    def __init__(self, open_: Callable[[], Awaitable[httpx.Response]], answer: Tuple[str, str], lost: Type[Exception]) -> None:
        self._open = open_
        self._answer = answer
        self._lost = lost

    async def __aiter__(self) -> AsyncIterator[T]:
        response, reader = await self._open(), _Reader()
        try:
            async for line in response.aiter_lines():
                event = reader.take(line)
                if event is not None:
                    yield read(event, *self._answer)
        except self._lost as error:
            raise ConnectionError("The stream broke; go on with the id of the last event.") from error
        finally:
            await response.aclose()
