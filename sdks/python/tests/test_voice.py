"""The form that a call asks with, and what it is answered with."""

import json

import pytest
from starlette.datastructures import FormData

from sautikit import ArgumentError, SautikitError, VoiceResponse, parse_callback


@pytest.mark.parametrize(
    "body, digits",
    [
        ("Digits=1&Digits=2", "1"),
        ("Digits=%zz", "%zz"),
        ("Digits=100%", "100%"),
        ("Digits=%2", "%2"),
        ("Digits=a+b%20c", "a b c"),
        ("Digits=%C3%BC", "ü"),
        ("Digits=%ff", "\ufffd"),
        (b"Digits=\xff", "\ufffd"),
        ("Digits", ""),
        ("Digits=a=b", "a=b"),
        ("Digits=1;2", "1;2"),
        ("&&Digits=1&", "1"),
        ("Dig%69ts=1", "1"),
        ("", None),
        ({"Digits": "1"}, "1"),
        ({"Digits": ["1", "2"]}, "1"),
        (FormData([("Digits", "1"), ("Digits", "2")]), "1"),
    ],
)
def test_a_callbacks_form_is_read_as_browsers_write_it(body, digits):
    assert parse_callback(body).digits == digits


@pytest.mark.parametrize("body", ["", "null", "{}", b"\xff\xfe", {}])
def test_a_field_that_should_be_there_and_is_not_is_told_when_it_is_asked_for(body):
    callback = parse_callback(body)
    with pytest.raises(SautikitError, match="CallId"):
        callback.call_id  # noqa: B018
    assert callback.digits is None


@pytest.mark.parametrize("body", [None, 5, ["Digits=1"]])
def test_what_is_no_form_is_an_argument_error(body):
    with pytest.raises(ArgumentError):
        parse_callback(body)


def test_a_response_in_place_of_a_prompt_is_its_actions():
    response = VoiceResponse().get_digits(num_digits=1, prompt=VoiceResponse().say("Press 1."))
    assert json.loads(response.to_json()) == {"actions": [{"getDigits": {"numDigits": 1, "prompt": [{"say": {"text": "Press 1."}}]}}]}
