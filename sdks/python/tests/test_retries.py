"""What is sent again, and when; by both clients."""

import asyncio
import inspect

import pytest
from support import Fake, eventually, refused

from sautikit import ApiError, AsyncSautikit, CallsError, ConnectionError, RateLimitedError, RequestOptions, Sautikit, SautikitError, ServiceError, TimeoutError
from sautikit._retries import pause, retry_after

ACCEPTED = (202, {"call_id": "c", "a_new_member": 1}, {})
CALL = {"from_": "+254700000001", "to": "+254722000042"}


def in_sync(url, ask, **settings):
    with Sautikit("skt_live_x", url, **settings) as client:
        return ask(client)


def in_async(url, ask, **settings):
    async def run():
        async with AsyncSautikit("skt_live_x", url, **settings) as client:
            return await ask(client)

    return asyncio.run(run())


@pytest.fixture(params=[in_sync, in_async], ids=["sync", "async"])
def by(request):
    return request.param


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
    assert pause(ApiError("no", status=429, retry_after=2), 0, lambda: 0.0) == 2
    assert retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    assert retry_after("soon") is None


def test_both_clients_have_the_same_methods():
    kinds = inspect.get_annotations(Sautikit.__mro__[1], eval_str=False)
    assert kinds.keys() == inspect.get_annotations(AsyncSautikit.__mro__[1], eval_str=False).keys()
    assert "calls" in kinds
