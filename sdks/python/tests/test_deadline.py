"""The waiting client gives a try up when its time is over, whatever comes of it until then."""

import httpcore
import pytest

from sautikit import RequestOptions, Sautikit, TimeoutError, _deadline


class Clock:
    """Runs while the network is waited for only."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Dripping(httpcore.NetworkStream, httpcore.NetworkBackend):
    """A server that says a byte a second, and hears a piece a second."""

    def __init__(self, clock, says):
        self.clock, self.says, self.timeouts, self.hosts = clock, says, [], []
        self.silent = set()

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.hosts.append((host, timeout))
        if host in self.silent:
            self.clock.now += timeout
            raise httpcore.ConnectTimeout
        return self

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        self.clock.now += 1
        return self

    def read(self, max_bytes, timeout=None):
        self.timeouts.append(timeout)
        self.clock.now += 1
        said, self.says = self.says[:1], self.says[1:]
        return said

    def write(self, buffer, timeout=None):
        self.clock.now += 1

    def get_extra_info(self, info):
        return None

    def close(self):
        pass


@pytest.fixture
def drips(monkeypatch):
    from sautikit import _transport

    clock = Clock()
    for module in (_deadline, _transport):
        monkeypatch.setattr(module, "time", clock)

    def client(says, url="http://127.0.0.1:9"):
        server = Dripping(clock, says)
        client = Sautikit("k", url, max_retries=0)
        pool = client._transport.client._transport._pool
        assert isinstance(pool._network_backend, _deadline.Network)
        pool._network_backend = _deadline.Network(server)
        return client, server, clock

    return client


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


@pytest.mark.parametrize("says", [HEAD + b"X-A: " + b"a" * 100, HEAD + b"\r\n", HEAD[:-2] + b"00\r\n\r\n" + b" " * 200], ids=["the head", "nothing after it", "the body"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_an_answer_that_drips_in_is_given_up_in_time(drips, says, url):
    client, server, clock = drips(says + b" " * 1_000, url)
    with pytest.raises(TimeoutError):
        client.calls.get("c", options=RequestOptions(timeout=20))
    assert clock.now <= 21
    assert server.timeouts == sorted(server.timeouts, reverse=True)


def test_an_answer_that_drips_in_within_its_time_is_taken(drips):
    client, _, clock = drips(HEAD + b"\r\n{}")
    assert client.calls.get("c", options=RequestOptions(timeout=60)).to_dict() == {}
    assert clock.now == 1 + len(HEAD) + 4


def test_the_head_of_a_stream_is_bounded_and_what_comes_after_it_is_not(drips):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    client, _, clock = drips(head + b"\r\nid: 1\ndata: {}\n\n")
    told = iter(client.calls.stream("c", options=RequestOptions(timeout=len(head) + 5)))
    assert next(told).id == "1"
    client, _, _ = drips(head + b"X-A: " + b"a" * 100)
    with pytest.raises(TimeoutError):
        list(client.calls.stream("c", options=RequestOptions(timeout=len(head) + 5)))


def test_what_is_sent_to_who_takes_it_slowly_is_given_up_in_time(drips):
    client, _, clock = drips(b"")
    with pytest.raises(TimeoutError):
        client.request("POST", "/v1/new", body="a" * 10_000_000, options=RequestOptions(timeout=20))
    assert clock.now <= 21


def test_the_addresses_of_a_name_share_the_time(drips, monkeypatch):
    client, server, clock = drips(HEAD + b"\r\n{}", "http://voice.example")
    monkeypatch.setattr(_deadline.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (f"192.0.2.{at}", 80)) for at in (1, 2, 3)])
    server.silent = {"192.0.2.1", "192.0.2.2"}
    client.calls.get("c", options=RequestOptions(timeout=300))
    assert server.hosts == [("192.0.2.1", 100), ("192.0.2.2", 100), ("192.0.2.3", 100)]
    client, server, clock = drips(b"", "http://voice.example")
    server.silent = {f"192.0.2.{at}" for at in (1, 2, 3)}
    clock.now = 0
    with pytest.raises(TimeoutError):
        client.calls.get("c", options=RequestOptions(timeout=300))
    assert clock.now == 300


def test_proxies_of_the_environment_are_bounded_too(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with Sautikit("k", "https://voice.example") as client:
        pools = [transport._pool for transport in client._transport.client._mounts.values() if transport is not None]
        assert pools and all(isinstance(pool._network_backend, _deadline.Network) for pool in pools)
