"""A try that is given up when its time is over, however much of the answer drips in until then.

httpx's own time-outs are for each read. Where the client is ours, its connections count down to the end of the whole try; of
a client that somebody brings only the body does.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Iterable, Iterator, Optional, Type

import httpcore
import httpx

#: The moment of `time.monotonic()` at which the try of this thread ends. A connection is read by who waits for its answer.
_until: ContextVar[Optional[float]] = ContextVar("sautikit_until", default=None)
#: Of what is sent, so much is sent before the clock is looked at again.
_PIECE = 1 << 16


@contextmanager
def until(moment: float) -> Iterator[None]:
    """The try ends then, within this block."""
    before = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(before)


def _left(timeout: Optional[float], late: Type[Exception]) -> Optional[float]:
    moment = _until.get()
    if moment is None:
        return timeout
    left = moment - time.monotonic()
    if left <= 0:
        raise late("the answer took too long")
    return left if timeout is None else min(left, timeout)


class _Connection(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: Optional[float] = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: Optional[float] = None) -> None:
        for at in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[at : at + _PIECE], _left(timeout, httpcore.WriteTimeout))

    def start_tls(self, ssl_context: Any, server_hostname: Optional[str] = None, timeout: Optional[float] = None) -> httpcore.NetworkStream:
        return _Connection(self._stream.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


class Network(httpcore.NetworkBackend):
    """A network whose connections end with the try that uses them."""

    def __init__(self, network: httpcore.NetworkBackend) -> None:
        self._network = network

    def connect_tcp(
        self, host: str, port: int, timeout: Optional[float] = None, local_address: Optional[str] = None, socket_options: Optional[Iterable[Any]] = None
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as cause:
            raise httpcore.ConnectError(str(cause)) from cause
        addresses = [address[0] for *_, address in found]
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        # Each takes its part of the time: left to `socket.create_connection`, each would take all of it.
        for at, address in enumerate(addresses):
            left = _left(timeout, httpcore.ConnectTimeout)
            share = None if left is None else left / (len(addresses) - at)
            try:
                return _Connection(self._network.connect_tcp(str(address), port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def connect_unix_socket(self, path: str, timeout: Optional[float] = None, socket_options: Optional[Iterable[Any]] = None) -> httpcore.NetworkStream:
        return _Connection(self._network.connect_unix_socket(path, _left(timeout, httpcore.ConnectTimeout), socket_options))

    def sleep(self, seconds: float) -> None:
        self._network.sleep(seconds)


def client() -> httpx.Client:
    """httpx's client, whose connections, those by proxies of the environment too, end with the try that uses them."""
    client = httpx.Client()
    for transport in (client._transport, *client._mounts.values()):
        # httpcore takes a network, and httpx hands none on.
        pool: Any = getattr(transport, "_pool", None)
        network = getattr(pool, "_network_backend", None)
        if network is not None:
            pool._network_backend = Network(network)
    return client


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
