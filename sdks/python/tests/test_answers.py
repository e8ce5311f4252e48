"""An answer of success that is not the endpoint's, by both clients."""

import pytest
from support import Fake, gathered

from sautikit import ApiError, SautikitError
from sautikit.models import Call

CALL = {"from_": "+254700000001", "to": "+254722000042"}
DEEP = "[" * 100_000
HEADERS = {"X-Request-Id": "req_1"}


def is_invalid(error):
    return (type(error), error.status, error.code, error.request_id, error.message) == (ApiError, 202, "sdk.invalid_response", "req_1", "the answer is not what this endpoint gives")


@pytest.mark.parametrize("body", ["", "<html>", "null", "1", '"a"', "true", "[]", "[{}]", "{", DEEP], ids=lambda body: body[:6] or "empty")
def test_no_object_is_an_error_and_asked_for_once(by, body):
    with Fake((202, body, HEADERS)) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.calls.create(**CALL))
        assert is_invalid(caught.value)
        assert len(fake.requests) == 1


@pytest.mark.parametrize("body", ["", "<html>", "null", "1", '"a"', "{}", "[1]", "[null]", "[[]]"], ids=lambda body: body or "empty")
@pytest.mark.parametrize("ask", [lambda client: gathered(client.calls.list()), lambda client: client.calls.list_events("c")], ids=["pages", "list"])
def test_no_list_of_objects_is_an_error(by, ask, body):
    with Fake((202, body, HEADERS)) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, ask)
        assert is_invalid(caught.value)


@pytest.mark.parametrize("body", ["", "<html>", "null", "1"])
def test_what_has_no_model_is_an_object_too(by, body):
    with Fake((202, body, HEADERS)) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.service.show_openapi())
        assert is_invalid(caught.value)


@pytest.mark.parametrize("body, value", [("", None), ("null", None), ("1", 1), ("[1]", [1])])
def test_an_endpoint_that_is_not_known_here_may_answer_with_anything(by, body, value):
    with Fake((202, body, HEADERS)) as fake:
        assert by(fake.url, lambda client: client.request("POST", "/v1/new")) == value


def test_an_endpoint_that_is_not_known_here_answers_with_json(by):
    with Fake((202, "<html>", HEADERS)) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.request("POST", "/v1/new"))
        assert is_invalid(caught.value)


def test_a_refusal_that_is_too_deep_to_be_read_is_one_all_the_same(by):
    with Fake((502, DEEP, {})) as fake:
        with pytest.raises(ApiError) as caught:
            by(fake.url, lambda client: client.calls.get("c"), max_retries=0)
        assert (caught.value.status, caught.value.code) == (502, None)


@pytest.mark.parametrize("data", [{"legs": "ab"}, {"legs": [1]}, {"started_at": 5}, {"started_at": "soon"}])
def test_a_member_that_is_not_what_it_should_be_is_told_when_it_is_asked_for(data):
    call = Call(data)
    with pytest.raises(SautikitError):
        getattr(call, next(iter(data)))
    assert call.to_dict() == data


def test_a_cursor_without_anything_in_it_ends_a_list(by):
    with Fake((200, [{"id": "1"}], {"X-Next-Cursor": ""})) as fake:
        assert [call.id for call in by(fake.url, lambda client: gathered(client.calls.list()))] == ["1"]
        assert len(fake.requests) == 1
