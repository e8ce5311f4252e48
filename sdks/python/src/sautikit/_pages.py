"""Lists by pages."""

from __future__ import annotations

from typing import Any, AsyncIterator, Awaitable, Callable, Generator, Generic, Iterator, List, Optional, TypeVar

T = TypeVar("T")


class Page(Generic[T]):
    """One page of a list. Iterating over it goes on through all later pages, each asked for when it is reached."""

    def __init__(self, data: List[T], next_cursor: Optional[str], follow: Callable[[str], "Page[T]"]) -> None:
        #: The rows of this page.
        self.data = data
        #: The cursor of the next page; None on the last.
        self.next_cursor = next_cursor
        self._follow = follow

    def next_page(self) -> Optional["Page[T]"]:
        """The page after this one; None after the last."""
        return self._follow(self.next_cursor) if self.next_cursor else None

    def pages(self) -> Iterator["Page[T]"]:
        """This page and all later ones."""
        page: Optional[Page[T]] = self
        while page is not None:
            yield page
            page = page.next_page()

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.data


class AsyncPage(Generic[T]):
    """One page of a list. `async for` goes on through all later pages, each asked for when it is reached."""

    def __init__(self, data: List[T], next_cursor: Optional[str], follow: Callable[[str], Awaitable["AsyncPage[T]"]]) -> None:
        #: The rows of this page.
        self.data = data
        #: The cursor of the next page; None on the last.
        self.next_cursor = next_cursor
        self._follow = follow

    async def next_page(self) -> Optional["AsyncPage[T]"]:
        """The page after this one; None after the last."""
        return await self._follow(self.next_cursor) if self.next_cursor else None

    async def pages(self) -> AsyncIterator["AsyncPage[T]"]:
        """This page and all later ones."""
        page: Optional[AsyncPage[T]] = self
        while page is not None:
            yield page
            page = await page.next_page()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for row in page.data:
                yield row


class AsyncPages(Generic[T]):
    """`await` gives the first page, `async for` all rows of all pages, each page when it is reached."""

    def __init__(self, fetch: Callable[[], Awaitable[AsyncPage[T]]]) -> None:
        self._fetch = fetch

    def __await__(self) -> Generator[Any, None, AsyncPage[T]]:
        return self._fetch().__await__()

    async def pages(self) -> AsyncIterator[AsyncPage[T]]:
        """All pages, one after the other."""
        async for page in (await self._fetch()).pages():
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for row in page.data:
                yield row
