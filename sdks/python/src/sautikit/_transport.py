"""The two transports: the same steps, waiting or awaiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Optional

from ._pages import AsyncEvents, AsyncPages, Events, Page
from ._request import RequestOptions, Shared, Spec, answer, refusal
from ._retries import pause

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx

_NONE = RequestOptions()


class SyncTransport(Shared):
    """Sends and waits."""

    def __init__(self, *settings: Any, http_client: Optional[httpx.Client] = None) -> None:
        import httpx

        super().__init__(*settings)
        self.lost = httpx.TransportError
        self.client = http_client or httpx.Client()

    def send(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None, stream: bool = False) -> httpx.Response:
        options = options or _NONE
        request = self.prepared(spec, options, self.client, cursor)
        retries = self.retries(request, options)
        attempt = 0
        while True:
            try:
                try:
                    # A redirect would carry the key to wherever it leads.
                    response = self.client.send(request, stream=stream, follow_redirects=False)
                    if response.is_success:
                        return response
                    response.read()
                except self.lost as error:
                    raise self.failure(request, error) from error
                raise refusal(response)
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
        of = Spec(spec.method, spec.path, answer=("list", spec.answer[1]) if spec.answer[0] == "one" else spec.answer)
        return Page(answer(of, response), response.headers.get("x-next-cursor"), lambda after: self.page(spec, options, after))

    def events(self, spec: Spec, options: Optional[RequestOptions]) -> Events[Any]:
        return Events(lambda: self.send(spec, options, stream=True), spec.answer, self.lost)


class AsyncTransport(Shared):
    """Sends and awaits."""

    def __init__(self, *settings: Any, http_client: Optional[httpx.AsyncClient] = None) -> None:
        import httpx

        super().__init__(*settings)
        self.lost = httpx.TransportError
        self.client = http_client or httpx.AsyncClient()

    async def send(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None, stream: bool = False) -> httpx.Response:
        options = options or _NONE
        request = self.prepared(spec, options, self.client, cursor)
        retries = self.retries(request, options)
        attempt = 0
        while True:
            try:
                try:
                    response = await self.client.send(request, stream=stream, follow_redirects=False)
                    if response.is_success:
                        return response
                    await response.aread()
                except self.lost as error:
                    raise self.failure(request, error) from error
                raise refusal(response)
            except Exception as error:
                wait = pause(error, attempt) if attempt < retries else None
                if wait is None:
                    raise
            import asyncio

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

    async def first_page(self, spec: Spec, options: Optional[RequestOptions], cursor: Optional[str] = None) -> Page[Any]:
        response = await self.send(spec, options, cursor)
        of = Spec(spec.method, spec.path, answer=("list", spec.answer[1]) if spec.answer[0] == "one" else spec.answer)
        return Page(answer(of, response), response.headers.get("x-next-cursor"), None)

    def page(self, spec: Spec, options: Optional[RequestOptions]) -> AsyncPages[Any]:
        return AsyncPages(lambda cursor: self.first_page(spec, options, cursor))

    def events(self, spec: Spec, options: Optional[RequestOptions]) -> AsyncEvents[Any]:
        return AsyncEvents(lambda: self.send(spec, options, stream=True), spec.answer, self.lost)
