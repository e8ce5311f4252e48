"""The two transports: the same steps, waiting or awaiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, Optional

from ._events import AsyncEvents, Events, Reader
from ._pages import AsyncPage, AsyncPages, Page
from ._request import RequestOptions, Shared, Spec, answer, reads_for, refusal, without_cookies
from ._retries import pause

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

_NONE = RequestOptions()
#: Seconds of silence after which a stream is lost: the server says something every 15.
IDLE_S = 45.0


def _rows(spec: Spec) -> Spec:
    return Spec(spec.method, spec.path, answer=("list", spec.answer[1]) if spec.answer[0] == "one" else spec.answer)


class SyncTransport(Shared):
    """Sends and waits."""

    def __init__(self, *settings: Any, http_client: Optional[httpx.Client] = None) -> None:
        super().__init__(*settings)
        import httpx

        from . import _deadline

        self.lost = httpx.RequestError
        self.client = http_client or without_cookies(_deadline.client())
        self._is_ours = http_client is None

    def close(self) -> None:
        if self._is_ours:
            self.client.close()

    def once(self, request: httpx.Request, options: RequestOptions, stream: bool = False) -> httpx.Response:
        """One try: an answer of success, read unless it is a stream."""
        from . import _deadline

        ends = time.monotonic() + self.limit(options)
        try:
            with _deadline.until(ends):
                # A redirect would carry the key to wherever it leads.
                response = self.client.send(request, stream=True, follow_redirects=False)
                try:
                    if not (stream and response.is_success):
                        reads_for(request, max(ends - time.monotonic(), 0.001))
                        response.stream = _deadline.Deadline(response.stream, ends)  # type: ignore[arg-type]
                        response.read()
                except BaseException:
                    response.close()
                    raise
        except self.lost as error:
            raise self.failure(request, error) from error
        if not response.is_success:
            raise refusal(response)
        if options.on_response is not None:
            try:
                options.on_response(response)
            except BaseException:
                response.close()
                raise
        return response

    def send(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None) -> httpx.Response:
        options = options or _NONE
        request = self.prepared(spec, options, self.client, cursor)
        retries = self.retries(request, options)
        attempt = 0
        while True:
            try:
                return self.once(request, options)
            except Exception as error:
                wait = pause(error, attempt) if attempt < retries else None
                if wait is None:
                    raise
            time.sleep(wait)
            attempt += 1

    def json(self, spec: Spec, options: Optional[RequestOptions]) -> Any:
        return answer(spec, self.send(spec, options))

    def text(self, spec: Spec, options: Optional[RequestOptions]) -> str:
        return self.send(spec, options).text

    def bytes(self, spec: Spec, options: Optional[RequestOptions]) -> bytes:
        return self.send(spec, options).content

    def nothing(self, spec: Spec, options: Optional[RequestOptions]) -> None:
        self.send(spec, options)

    def page(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None) -> Page[Any]:
        response = self.send(spec, options, cursor)
        return Page(answer(_rows(spec), response), response.headers.get("x-next-cursor") or None, lambda after: self.page(spec, options, after))

    def events(self, spec: Spec, options: Optional[RequestOptions]) -> Events[Any]:
        asked = options or _NONE

        def open_(place: Optional[str]) -> httpx.Response:
            request = self.prepared(spec, asked, self.client, place=place)
            response = self.once(request, asked, stream=True)
            reads_for(request, IDLE_S)
            return response

        return Events(open_, lambda response, error: self.failure(response.request, error), self.lost, lambda: Reader(spec.answer, self.tries(asked)))


class AsyncTransport(Shared):
    """Sends and awaits."""

    def __init__(self, *settings: Any, http_client: Optional[httpx.AsyncClient] = None) -> None:
        super().__init__(*settings)
        import httpx

        self.lost = httpx.RequestError
        self._given = http_client
        self._ours: Dict[Any, httpx.AsyncClient] = {}

    @property
    def client(self) -> httpx.AsyncClient:
        """The client of the loop that runs: connections are their loop's, and a program may have one after the other."""
        import asyncio

        import httpx

        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if loop not in self._ours:
            # Their connections are gone with them.
            for over in [other for other in list(self._ours) if other.is_closed()]:
                self._ours.pop(over, None)
            self._ours[loop] = without_cookies(httpx.AsyncClient())
        return self._ours[loop]

    async def aclose(self) -> None:
        import asyncio

        client = self._ours.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def once(self, request: httpx.Request, options: RequestOptions, stream: bool = False) -> httpx.Response:
        """One try: an answer of success, read unless it is a stream."""
        import asyncio

        async def answered() -> httpx.Response:
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                if not (stream and response.is_success):
                    await response.aread()
            except BaseException:
                await response.aclose()
                raise
            return response

        try:
            response = await asyncio.wait_for(answered(), self.limit(options))
        except (self.lost, asyncio.TimeoutError) as error:
            raise self.failure(request, error) from error
        if not response.is_success:
            raise refusal(response)
        if options.on_response is not None:
            try:
                options.on_response(response)
            except BaseException:
                await response.aclose()
                raise
        return response

    async def send(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None) -> httpx.Response:
        import asyncio

        options = options or _NONE
        request = self.prepared(spec, options, self.client, cursor)
        retries = self.retries(request, options)
        attempt = 0
        while True:
            try:
                return await self.once(request, options)
            except Exception as error:
                wait = pause(error, attempt) if attempt < retries else None
                if wait is None:
                    raise
            await asyncio.sleep(wait)
            attempt += 1

    async def json(self, spec: Spec, options: Optional[RequestOptions]) -> Any:
        return answer(spec, await self.send(spec, options))

    async def text(self, spec: Spec, options: Optional[RequestOptions]) -> str:
        return (await self.send(spec, options)).text

    async def bytes(self, spec: Spec, options: Optional[RequestOptions]) -> bytes:
        return (await self.send(spec, options)).content

    async def nothing(self, spec: Spec, options: Optional[RequestOptions]) -> None:
        await self.send(spec, options)

    async def one_page(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None) -> AsyncPage[Any]:
        response = await self.send(spec, options, cursor)
        return AsyncPage(answer(_rows(spec), response), response.headers.get("x-next-cursor") or None, lambda after: self.one_page(spec, options, after))

    def page(self, spec: Spec, options: Optional[RequestOptions]) -> AsyncPages[Any]:
        return AsyncPages(lambda: self.one_page(spec, options))

    def events(self, spec: Spec, options: Optional[RequestOptions]) -> AsyncEvents[Any]:
        asked = options or _NONE

        async def open_(place: Optional[str]) -> httpx.Response:
            request = self.prepared(spec, asked, self.client, place=place)
            response = await self.once(request, asked, stream=True)
            reads_for(request, IDLE_S)
            return response

        return AsyncEvents(open_, lambda response, error: self.failure(response.request, error), self.lost, lambda: Reader(spec.answer, self.tries(asked)))
