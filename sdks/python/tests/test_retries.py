"""What is sent again, and when; by both clients."""

import copy
import inspect
import pickle
import subprocess
import sys
import time
from datetime import date, datetime, timedelta, timezone

import pytest
from support import Fake, environment, eventually, gathered, refused

import sautikit
from sautikit import ApiError, AsyncSautikit, CallsError, ConnectionError, RateLimitedError, RequestOptions, Sautikit, SautikitError, ServiceError, TimeoutError, VoiceResponse
from sautikit._retries import pause, retry_after

ACCEPTED = (202, {"call_id": "c", "a_new_member": 1}, {})
CALL = {"from_": "+254700000001", "to": "+254722000042"}


def test_a_429_is_sent_again_after_the_seconds_that_retry_after_asks_for(by):
    with Fake(refused(429, "rate_limited", {"Retry-After": "1"}), ACCEPTED) as fake:
        by(fake.url, lambda client: client.calls.create(**CALL))
        first, second = fake.requests
        assert second["at"] - first["at"] >= 1
        assert len(first["headers"]["Idempotency-Key"]) == 36
        assert second["headers"]["Idempotency-Key"] == first["headers"]["Idempotency-Key"]
        assert second["body"] == first["body"]


def test_a_503_is_sent_again_twice_and_then_it_is_an_error(by):
    with Fake(refused(503, "service.draining")) as fake:
        with pytest.raises(ServiceError):
            by(fake.url, lambda client: client.calls.get("c"))
        assert len(fake.requests) == 3


def test_a_lost_connection_is_sent_again(by):
    with Fake("close", ACCEPTED) as fake:
        assert by(fake.url, lambda client: client.calls.create(**CALL)).a_new_member == 1
        first, second = fake.requests
        assert second["headers"]["Idempotency-Key"] == first["headers"]["Idempotency-Key"]


@pytest.mark.parametrize("answer", [refused(503, "service.draining"), refused(429, "rate_limited"), "close"], ids=["503", "429", "lost"])
def test_a_post_without_a_key_is_never_sent_again(by, answer):
    with Fake(answer) as fake:
        with pytest.raises(SautikitError):
            by(fake.url, lambda client: client.calls.hang_up("c"))
        assert len(fake.requests) == 1
        assert fake.requests[0]["headers"]["Idempotency-Key"] is None


@pytest.mark.parametrize("answer", [refused(400, "validation.bad_request"), refused(402, "wallet.insufficient_funds"), refused(429, "rate_limited", {"Retry-After": "3600"})], ids=["400", "402", "an hour"])
def test_what_waiting_does_not_mend_is_not_sent_again(by, answer):
    with Fake(answer) as fake:
        with pytest.raises(ApiError):
            by(fake.url, lambda client: client.calls.get("c"))
        assert len(fake.requests) == 1


def test_a_first_request_that_is_still_at_work_is_waited_for(by):
    with Fake(refused(409, "idempotency.conflict", details={"reason": "in_progress"}), ACCEPTED) as fake:
        assert by(fake.url, lambda client: client.calls.create(**CALL)).call_id == "c"


def test_options_of_one_request_outrank_the_clients(by):
    options = RequestOptions(max_retries=0, idempotency_key="mine", headers={"X-Request-Id": "r"})
    with Fake(refused(429, "rate_limited")) as fake:
        with pytest.raises(RateLimitedError):
            by(fake.url, lambda client: client.calls.create(**CALL, options=options))
        (only,) = fake.requests
        assert only["headers"]["Idempotency-Key"] == "mine"
        assert only["headers"]["X-Request-Id"] == "r"
        assert only["headers"]["User-Agent"].startswith("sautikit-python/0.")


def test_an_answer_that_does_not_come_in_time_is_a_timeout(by):
    with Fake("silence") as fake:
        with pytest.raises(TimeoutError):
            by(fake.url, lambda client: client.calls.get("c"), timeout=0.1, max_retries=1)
        # The second may be given up before the fake has read it.
        eventually("both requests", lambda: len(fake.requests) == 2)


def test_errors_say_all_that_the_api_says_and_what_a_proxy_says_is_an_error_too(by):
    future = refused(400, "calls.of_the_future", field="to", details={"a": 1})
    with Fake(future, (502, "<h1>Bad gateway</h1>", {"Content-Type": "text/html"})) as fake:
        with pytest.raises(CallsError) as caught:
            by(fake.url, lambda client: client.calls.get("c"), max_retries=0)
        error = caught.value
        assert (error.status, error.code, error.field, error.request_id, error.details) == (400, "calls.of_the_future", "to", "req_1", {"a": 1})
        assert error.docs_url == "http://x/docs/errors/calls.of_the_future"
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.calls.get("c"), max_retries=0)
        assert (type(caught.value), caught.value.status, caught.value.code) == (ApiError, 502, None)


def test_a_redirect_is_not_followed_so_that_the_key_goes_nowhere_else(by):
    with Fake((200, {}, {})) as other, Fake((307, {}, {"Location": other.url})) as fake:
        with pytest.raises(ApiError):
            by(fake.url, lambda client: client.calls.get("c"))
        assert other.requests == []


PROXY = (502, {"error": {"code": 502, "message": ["no"], "field": 1, "docs_url": {}, "request_id": None}}, {"X-Request-Id": "of the proxy"})


@pytest.mark.parametrize("said", [PROXY, (502, {"error": "no"}, {}), (502, ["no"], {}), (502, {"error": None}, {})])
def test_what_a_proxy_says_as_json_is_a_refusal_without_a_code(by, said):
    with Fake(said) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.calls.get("c"), max_retries=0)
        error = caught.value
        assert (type(error), error.status, error.code, error.field, error.docs_url) == (ApiError, 502, None, None, None)
        assert error.message == "The server answered 502."
        assert error.request_id == said[2].get("X-Request-Id")


def test_an_error_goes_to_another_process_and_back(by):
    with Fake(refused(400, "calls.of_the_future", {"Retry-After": "7"}, field="to")) as fake:
        with pytest.raises(CallsError) as caught:
            by(fake.url, lambda client: client.calls.get("c"), max_retries=0)
    for error in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(error) is CallsError
        assert error.__dict__ == caught.value.__dict__
        assert str(error) == str(caught.value) == "calls.of_the_future: No."


@pytest.mark.parametrize("name", ["idempotency-key", "Idempotency-Key"])
def test_a_key_that_is_given_as_a_header_is_the_only_one(by, name):
    with Fake(refused(503, "service.draining"), ACCEPTED) as fake:
        by(fake.url, lambda client: client.calls.create(**CALL, options=RequestOptions(headers={name: "mine"})))
        assert [request["headers"].get_all("Idempotency-Key") for request in fake.requests] == [["mine"], ["mine"]]


def test_headers_are_one_whatever_their_capitals(by):
    with Fake(ACCEPTED) as fake:
        options = RequestOptions(headers={"AUTHORIZATION": "Bearer another"})
        by(fake.url, lambda client: client.calls.create(**CALL, options=options), headers={"user-agent": "mine", "authorization": "Bearer one"})
        headers = fake.requests[0]["headers"]
        assert (headers.get_all("User-Agent"), headers.get_all("Authorization")) == (["mine"], ["Bearer another"])


def test_a_key_for_what_takes_none_is_not_sent_and_so_nothing_is_sent_twice(by):
    with Fake(refused(503, "service.draining")) as fake:
        options = RequestOptions(idempotency_key="mine", headers={"idempotency-key": "mine"})
        with pytest.raises(ServiceError):
            by(fake.url, lambda client: client.calls.hang_up("c", options=options))
        assert [request["headers"]["Idempotency-Key"] for request in fake.requests] == [None]


def test_a_request_that_is_not_known_here_carries_the_key_that_it_was_given(by):
    with Fake(refused(503, "service.draining"), ACCEPTED) as fake:
        by(fake.url, lambda client: client.request("POST", "/v1/new", body={}, options=RequestOptions(idempotency_key="mine")))
        assert [request["headers"]["Idempotency-Key"] for request in fake.requests] == ["mine", "mine"]


def drips(handler):
    """Says a byte now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.01)


def test_an_answer_that_drips_in_for_ever_is_a_timeout(by):
    with Fake(drips) as fake:
        with pytest.raises(TimeoutError):
            by(fake.url, lambda client: client.calls.get("c"), timeout=0.3, max_retries=0)


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_that_is_none_is_refused(by, timeout):
    with pytest.raises(SautikitError):
        by("http://127.0.0.1:9", lambda client: client.calls.get("c"), timeout=timeout)
    with pytest.raises(SautikitError) as caught:
        by("http://127.0.0.1:9", lambda client: client.calls.get("c", options=RequestOptions(timeout=timeout)))
    assert not isinstance(caught.value, ConnectionError)


def test_a_body_that_is_not_packed_as_it_says_is_a_lost_answer(by):
    with Fake((200, "no gzip", {"Content-Encoding": "gzip"}), ACCEPTED) as fake:
        assert by(fake.url, lambda client: client.calls.get("c")).call_id == "c"


def test_the_answer_itself_is_there_for_who_asks(by):
    seen = []
    with Fake((200, "a,b\n", {"Content-Type": "text/csv", "X-Next-Cursor": "more"})) as fake:
        assert by(fake.url, lambda client: client.audit.export(options=RequestOptions(on_response=seen.append))) == "a,b\n"
    assert [response.headers["X-Next-Cursor"] for response in seen] == ["more"]


def test_a_voice_response_is_taken_for_its_actions(by):
    with Fake(ACCEPTED) as fake:
        by(fake.url, lambda client: client.calls.create(**CALL, actions=VoiceResponse().say("Habari").hangup()))
        assert b'"actions": [{"say": {"text": "Habari"}}, {"hangup": {}}]' in fake.requests[0]["body"]


def test_days_and_moments_are_asked_for_as_such(by):
    with Fake((200, [], {})) as fake:
        moment = datetime(2026, 6, 30, 15, tzinfo=timezone(timedelta(hours=3)))
        by(fake.url, lambda client: gathered(client.calls.list(from_date=date(2026, 6, 1), to_date=moment)))
        assert fake.requests[0]["path"] == "/v1/calls?from_date=2026-06-01&to_date=2026-06-30T12%3A00%3A00Z"


def test_cookies_are_not_kept(by):
    with Fake((200, [{"id": "1"}], {"Set-Cookie": "a=b; Path=/", "X-Next-Cursor": "more"}), (200, [{"id": "2"}], {})) as fake:
        assert len(by(fake.url, lambda client: gathered(client.calls.list()))) == 2
        assert [request["headers"]["Cookie"] for request in fake.requests] == [None, None]


def test_a_member_of_an_enum_is_its_text(by):
    import enum

    class Status(str, enum.Enum):
        DONE = "completed"

    with Fake((200, [], {})) as fake:
        by(fake.url, lambda client: gathered(client.calls.list(status=Status.DONE)))
        assert fake.requests[0]["path"] == "/v1/calls?status=completed"


def test_a_timeout_may_be_longer_than_clocks_go(by):
    with Fake(ACCEPTED) as fake:
        by(fake.url, lambda client: client.calls.get("c", options=RequestOptions(timeout=1e300)))


def test_only_a_client_of_its_own_is_closed():
    import asyncio

    import httpx

    with httpx.Client() as mine:
        with Sautikit("skt_live_x", "http://127.0.0.1:9", http_client=mine):
            pass
        assert not mine.is_closed

    async def run():
        async with httpx.AsyncClient() as mine:
            async with AsyncSautikit("skt_live_x", "http://127.0.0.1:9", http_client=mine):
                pass
            assert not mine.is_closed

    asyncio.run(run())
    with Sautikit("skt_live_x", "http://127.0.0.1:9") as client:
        pass
    assert client._transport.client.is_closed


def test_one_client_serves_one_loop_after_the_other():
    import asyncio

    with Fake(ACCEPTED) as fake:
        client = AsyncSautikit("skt_live_x", fake.url)

        async def ask():
            await client.calls.get("c")
            return (await client.calls.get("c")).call_id

        async def end():
            await ask()
            await client.aclose()

        assert [asyncio.run(ask()) for _ in range(3)] == ["c"] * 3
        assert len(client._transport._ours) == 1
        asyncio.run(end())


def test_nobody_listens(by):
    with pytest.raises(ConnectionError):
        by("http://127.0.0.1:9", lambda client: client.calls.get("c"), max_retries=0)


def test_what_is_left_out_is_not_sent_and_none_is_null(by):
    with Fake((200, {}, {})) as fake:
        by(fake.url, lambda client: client.numbers.update_routing("n", events_url=None))
        assert fake.requests[0]["body"] == b'{"events_url": null}'


def test_waits_grow_with_full_jitter_and_are_never_shorter_than_asked():
    lost = ConnectionError("lost")
    assert [pause(lost, attempt, lambda: 0.5) for attempt in range(6)] == [0.25, 0.5, 1, 2, 4, 4]
    assert pause(lost, 0, lambda: 0.0) == 0
    assert pause(lost, 100_000, lambda: 0.5) == 4
    assert pause(ApiError("no", status=429, retry_after=2), 0, lambda: 0.0) == 2


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("7", 7),
        (" 7 ", 7),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
        ("Sun Nov  6 08:49:47 1994", 10),
        ("Sun, 06 Nov 1994 08:49:27 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:47 +0300", None),
        ("1994-11-06T08:49:47Z", None),
        ("999999999999999", 999999999999999),
        ("1000000000000000", None),
        ("Thu, 31 Feb 2030 00:00:00 GMT", None),
        ("Thu, 30 Mar 2030 24:00:00 GMT", None),
        ("Sat, 00 Mar 2030 00:00:00 GMT", None),
        ("Xyz, 30 Mar 2030 00:00:00 GMT", None),
        ("soon", None),
        ("1.5", None),
        ("-1", None),
        ("+1", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_a_pause_is_whole_seconds_or_a_date(header, seconds):
    assert retry_after(header, now=784111777) == seconds


def test_both_clients_have_the_same_methods():
    kinds = inspect.get_annotations(Sautikit.__mro__[1], eval_str=False)
    assert kinds.keys() == inspect.get_annotations(AsyncSautikit.__mro__[1], eval_str=False).keys()
    assert "calls" in kinds


def test_webhooks_are_there_without_an_import_of_their_own():
    # In a process of its own: here others have imported it.
    program = "import sautikit, sys; assert 'sautikit.webhooks' not in sys.modules; sautikit.webhooks.verify; from sautikit import *; webhooks.parse"
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)
    with pytest.raises(AttributeError):
        sautikit.webhook  # noqa: B018
