"""Against a real server: what the examples do, lists, errors."""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from support import BUSY, NUMBER, PRESSES, eventually, run_example, serve_example

from sautikit import ApiError, AsyncSautikit, Sautikit, VoiceResponse
from sautikit._model import moment
from sautikit.voice import say


@pytest.fixture(scope="module")
def client():
    with Sautikit() as client:
        yield client


def test_quickstart_a_call_is_placed_followed_to_its_end_and_its_cost_is_known():
    printed = run_example("quickstart", NUMBER, "+254722000042").splitlines()
    assert printed[0] == "call.ringing"
    status, seconds, cost = printed[-1].split(", ")
    assert status == "completed"
    assert int(seconds.split()[0]) > 0
    assert int(cost.split()[1]) > 0


def test_ivr_the_keys_that_a_caller_presses_come_back_to_the_menu(client):
    with serve_example("ivr") as menu:
        accepted = client.calls.create(from_=NUMBER, to=PRESSES, voice_callback_url=f"{menu.url}/voice")
        menu.said(r"pressed 123$")
        call = eventually("the end", lambda: (lambda call: call.ended_at and call)(client.calls.get(accepted.call_id)))
        assert call.status == "completed"
        assert isinstance(call.started_at, datetime) and call.started_at.tzinfo
        assert call.legs[0].target == PRESSES
        # An unsigned request hears nothing.
        assert httpx.post(f"{menu.url}/voice", content="From=me").status_code == 400


def test_browser_token_the_page_gets_a_token_for_its_phone():
    with serve_example("browser_token") as page:
        token = httpx.get(f"{page.url}/api/sip-token").json()
        assert token["identity"] == "front-desk"
        assert token["token"].count(".") == 2


def many():
    return {"api_key": os.environ["SAUTIKIT_MANY_KEY"]}, Path(os.environ["SAUTIKIT_MANY_IDS"]).read_text().split(), os.environ["SAUTIKIT_MANY_NUMBER"]


def are_all_there_once(listed, wanted):
    assert len(wanted) == 1000
    assert len(set(listed)) == len(listed)
    assert set(wanted) <= set(listed)


def test_1000_calls_are_listed_without_a_gap_or_a_double_while_calls_are_added():
    settings, wanted, number = many()
    listed = []
    with Sautikit(**settings) as client:
        for call in client.calls.list(limit=50):
            listed.append(call.id)
            if len(listed) % 100 == 0:
                client.calls.create(from_=number, to=BUSY)
    are_all_there_once(listed, wanted)


def test_and_by_the_async_client():
    async def run():
        settings, wanted, number = many()
        listed = []
        async with AsyncSautikit(**settings) as client:
            async for call in client.calls.list(limit=200):
                listed.append(call.id)
                if len(listed) % 100 == 0:
                    await client.calls.create(from_=number, to=BUSY)
        are_all_there_once(listed, wanted)

    asyncio.run(run())


def test_what_the_builders_print_is_what_the_server_takes(client):
    answer = (
        VoiceResponse()
        .say("Karibu", voice="woman", language="sw-KE", rate=0.9, loop=2)
        .get_digits(num_digits=1, timeout=3, finish_on_key="", barge_in=False, attempts=2, prompt=[say("One"), say("Two")], action="http://127.0.0.1:9/next")
        .dial(["+254722000042", {"client": "asha"}], timeout=20, sequential=True, hangup_on_star=True)
        .conference("standup", beep=False, max_participants=3)
        .pause(length=2)
        .redirect("http://127.0.0.1:9/next")
    )
    for one in [answer, VoiceResponse().reject(reason="busy"), VoiceResponse().hangup()]:
        assert json.loads(str(one)) == {"actions": one.actions}
        client.calls.create(from_=NUMBER, to=BUSY, actions=one.actions)


def test_moments_have_their_zone_whatever_their_fraction():
    assert moment("2026-11-21T09:00:00Z").isoformat() == "2026-11-21T09:00:00+00:00"
    assert moment("2026-11-21T09:00:00.123456789Z").isoformat() == "2026-11-21T09:00:00.123456+00:00"
    assert moment("2026-11-21T12:00:00.5+03:00") == moment("2026-11-21T09:00:00.500Z")


def test_a_page_can_be_read_by_itself(client):
    page = client.numbers.list_available(country="KE", currency="KES", limit=2)
    assert len(page.data) == 2
    following = page.next_page()
    assert following.data[0].id != page.data[0].id

    async def first():
        async with AsyncSautikit() as client:
            return await client.numbers.list_available(country="KE", currency="KES", limit=2)

    assert asyncio.run(first()).data == page.data


def test_members_that_are_new_are_kept_and_those_that_are_not_there_are_no_attributes(client):
    balance = client.wallet.get_balance()
    assert balance.currency == balance.to_dict()["currency"] == "KES"
    with pytest.raises(AttributeError):
        getattr(balance, "a_member_of_the_future")  # noqa: B009 (as a program would read it)


def test_the_same_wrong_requests_give_the_same_errors_in_every_language(client):
    wrong = {
        "nonsense": lambda: client.calls.create(from_=NUMBER, to="nonsense"),
        "unknown": lambda: client.calls.get("00000000-0000-7000-8000-000000000000"),
        "emergency": lambda: client.calls.create(from_=NUMBER, to="999"),
        "actions": lambda: client.calls.create(from_=NUMBER, to=BUSY, actions=[{"say": {"text": ""}}]),
        "limit": lambda: client.calls.list(limit=0),
        "key": lambda: Sautikit("skt_live_wrong").calls.list(),
    }
    facts = {}
    for name, ask in wrong.items():
        with pytest.raises(ApiError) as caught:
            ask()
        error = caught.value
        assert error.request_id.startswith("req_")
        family = type(error).__name__[: -len("Error")]
        facts[name] = {"family": family, "status": error.status, "code": error.code, "field": error.field, "docs_url": error.docs_url}
    nonsense = facts["nonsense"]
    assert (nonsense["family"], nonsense["code"], nonsense["field"]) == ("Validation", "validation.bad_request", "to")
    Path(os.environ["SAUTIKIT_FACTS"], "python.json").write_text(json.dumps(facts))
