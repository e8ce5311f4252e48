"""What can't be sent is told at once, by both clients; nothing is sent, and nothing is tried again."""

import pytest
from support import Fake, gathered

import sautikit
from sautikit import ArgumentError, AsyncSautikit, ConnectionError, RequestOptions, Sautikit, SautikitError

CALL = {"from_": "+254700000001", "to": "+254722000042"}
ACCEPTED = (202, {"call_id": "c"}, {})
CLIENTS = pytest.mark.parametrize("client", [Sautikit, AsyncSautikit])


def test_an_argument_error_is_the_languages_own_too():
    assert issubclass(ArgumentError, ValueError) and issubclass(ArgumentError, SautikitError)
    assert not issubclass(ArgumentError, ConnectionError) and "ArgumentError" in sautikit.__all__


@CLIENTS
@pytest.mark.parametrize(
    "base",
    ["voice.example", "voice.example:4000", "ftp://voice.example", "http://", "https:///v1", "/v1", "http://a b", " http://a", "http://a\n", "http://a:99999", "http://a:x"]
    + ["http://a?b", "http://a#b", "http://me:secret@a", "http://me:secret@a:x", "http://me:secret@a?b", "http://[::1", "http://a..b", f"http://{'a' * 64}.example", 5],
)
def test_what_is_no_servers_address_is_refused_at_set_up(client, base):
    with pytest.raises(ArgumentError) as caught:
        client("k", base)
    assert "secret" not in str(caught.value)


@CLIENTS
@pytest.mark.parametrize("base", ["http://127.0.0.1:4000", "https://voice.example/", "https://voice.example/sautikit/", "http://[::1]:4000", "HTTP://voice.example"])
def test_a_servers_address_is_taken(client, base):
    client("k", base)


@CLIENTS
@pytest.mark.parametrize("key", ["skt_live_x\n", "skt live", "skt_live_é", "skt\x00", " skt_live_x", b"skt_live_x"])
def test_a_key_that_no_header_carries_is_refused_and_not_shown(client, key):
    with pytest.raises(ArgumentError) as caught:
        client(key, "http://a")
    assert "skt" not in str(caught.value)


@CLIENTS
def test_what_is_missing_is_an_argument_error(client, monkeypatch):
    monkeypatch.delenv("SAUTIKIT_API_KEY", raising=False)
    monkeypatch.delenv("SAUTIKIT_BASE_URL", raising=False)
    for given in [(None, "http://a"), ("k", None), ("", "http://a"), ("k", "")]:
        with pytest.raises(ArgumentError):
            client(*given)


WRONG_OPTIONS = [
    {"headers": {"X-A": "a\r\nb"}},
    {"headers": {"X-A": "é"}},
    {"headers": {"X-A": 5}},
    {"headers": {"": "a"}},
    {"headers": {"content-length": "5"}},
    {"headers": {"Transfer-Encoding": "chunked"}},
    {"headers": {"a b": "c"}},
    {"idempotency_key": ""},
    {"idempotency_key": " "},
    {"idempotency_key": "a\n"},
    {"headers": {"idempotency-key": ""}},
    {"timeout": "30"},
    {"max_retries": "2"},
]


@pytest.mark.parametrize("options", WRONG_OPTIONS, ids=str)
@pytest.mark.parametrize("ask", [lambda c, o: c.calls.create(**CALL, options=o), lambda c, o: gathered(c.calls.list(options=o)), lambda c, o: gathered(c.calls.stream("c", options=o))])
def test_wrong_options_are_told_before_anything_is_sent(by, options, ask):
    with Fake(ACCEPTED) as fake:
        with pytest.raises(ArgumentError):
            by(fake.url, lambda client: ask(client, RequestOptions(**options)))
        assert fake.requests == []


@CLIENTS
def test_a_clients_own_headers_are_looked_at_at_set_up(client):
    with pytest.raises(ArgumentError):
        client("k", "http://a", headers={"X-A": "a\nb"})
    with pytest.raises(ArgumentError):
        client("k", "http://a", max_retries="2")


@pytest.mark.parametrize("id", ["", ".", "..", None, "\ud800"])
@pytest.mark.parametrize("ask", [lambda c, id: c.calls.get(id), lambda c, id: c.calls.hang_up(id), lambda c, id: gathered(c.calls.stream(id))])
def test_what_is_no_id_would_be_another_path(by, id, ask):
    with Fake(ACCEPTED) as fake:
        with pytest.raises(ArgumentError):
            by(fake.url, lambda client: ask(client, id))
        assert fake.requests == []


@pytest.mark.parametrize("method, path", [("GET", "v1/calls"), ("GET", "@evil.example/v1"), ("GET", ""), ("GE T", "/v1"), ("GET", "/v1\n"), ("GET", "/" + "a" * 70_000)])
def test_a_path_never_leads_to_another_server(by, method, path):
    with Fake(ACCEPTED) as fake:
        with pytest.raises(ArgumentError):
            by(fake.url, lambda client: client.request(method, path))
        assert fake.requests == []


def endless():
    inner = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize("body", [{"a": float("nan")}, {"a": object()}, {"a": "\ud800"}, {"a": endless()}, {"a": {1, 2}}, {"a": b"x"}], ids=["nan", "object", "surrogate", "endless", "set", "bytes"])
def test_a_body_that_is_no_json_is_told_before_anything_is_sent(by, body):
    with Fake(ACCEPTED) as fake:
        with pytest.raises(ArgumentError):
            by(fake.url, lambda client: client.request("POST", "/v1/new", body=body))
        assert fake.requests == []


def test_blanks_around_a_header_are_not_sent(by):
    with Fake(ACCEPTED) as fake:
        by(fake.url, lambda client: client.calls.get("a/b ü..", options=RequestOptions(headers={"X-A": " two words\t"})))
        assert fake.requests[0]["headers"]["X-A"] == "two words"
        assert fake.requests[0]["path"] == "/v1/calls/a%2Fb%20%C3%BC.."
