"""The two clients: the API's resources over a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ._request import MAX_RETRIES, TIMEOUT_S, RequestOptions, Spec
from ._resources import AsyncResources, Resources
from ._transport import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    # Loaded with the first client: who only checks signatures or builds actions does not wait for it.
    import httpx


class Sautikit(Resources):
    """A client of one workspace.

    `api_key` and `base_url` come from `SAUTIKIT_API_KEY` and `SAUTIKIT_BASE_URL` where they are not given. `timeout` is
    in seconds, for each try; a request is repeated up to `max_retries` times after a lost connection, 429 or 5xx.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        timeout: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        headers: Optional[Mapping[str, str]] = None,
        http_client: Optional[httpx.Client] = None,
    ) -> None:
        self._transport = SyncTransport(api_key, base_url, timeout, max_retries, headers, http_client=http_client)
        self._attach(self._transport)

    def request(self, method: str, path: str, *, query: Mapping[str, Any] = {}, body: Any = None, options: Optional[RequestOptions] = None) -> Any:
        """Any request, for an endpoint that this version of the SDK does not know: its JSON."""
        return self._transport.json(Spec(method, path, query=query, body=body, idempotent=None), options)

    def close(self) -> None:
        """Closes idle connections; those of an `http_client` that was given are its owner's."""
        self._transport.close()

    def __enter__(self) -> "Sautikit":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSautikit(AsyncResources):
    """A client of one workspace for asyncio; takes what `Sautikit` takes."""

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        timeout: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
        headers: Optional[Mapping[str, str]] = None,
        http_client: Optional[httpx.AsyncClient] = None,
    ) -> None:
        self._transport = AsyncTransport(api_key, base_url, timeout, max_retries, headers, http_client=http_client)
        self._attach(self._transport)

    async def request(self, method: str, path: str, *, query: Mapping[str, Any] = {}, body: Any = None, options: Optional[RequestOptions] = None) -> Any:
        """Any request, for an endpoint that this version of the SDK does not know: its JSON."""
        return await self._transport.json(Spec(method, path, query=query, body=body, idempotent=None), options)

    async def aclose(self) -> None:
        """Closes idle connections; those of an `http_client` that was given are its owner's."""
        await self._transport.aclose()

    async def __aenter__(self) -> "AsyncSautikit":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
