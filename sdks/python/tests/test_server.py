"""Against a real server: what the examples do, lists, errors."""

import asyncio
import inspect
import json
import os
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from support import BUSY, NUMBER, PRESSES, Fake, eventually, gathered, run_example, serve_example

from sautikit import ActionsError, ApiError, AsyncSautikit, RequestOptions, Sautikit, VoiceResponse, voice
from sautikit._model import moment


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


def test_and_by_the_async_client_which_follows_all_calls_meanwhile():
    """As the quickstart, from the stream of all calls; and what that said last is where to go on."""

    async def run():
        async with AsyncSautikit() as client:
            placed = []

            def opened(_):
                if not placed:
                    placed.append(asyncio.ensure_future(client.calls.create(from_=NUMBER, to="+254722000042", actions=VoiceResponse().say("Habari.").hangup())))

            told, call_id = [], None
            async for event in client.calls.stream_calls(options=RequestOptions(on_response=opened)):
                call_id = (await placed[0]).call_id
                if json.loads(event.data)["data"].get("call_id") == call_id:
                    told.append(event)
                if told and told[-1].event == "call.completed":
                    break
            async for event in client.calls.stream_calls(last_event_id=told[0].id):
                if json.loads(event.data)["data"].get("call_id") == call_id:
                    assert (event.id, event.data) == (told[1].id, told[1].data)
                    break
            kinds = [event.event async for event in client.calls.stream(call_id)]
            return kinds, await client.calls.get(call_id)

    kinds, call = asyncio.run(run())
    assert kinds[0] == "call.ringing"
    assert (call.status, call.cost_minor > 0) == ("completed", True)


def test_all_calls_are_followed_while_one_is_placed(client):
    placed = []

    def opened(_):
        if not placed:
            placed.append(client.calls.create(from_=NUMBER, to=BUSY).call_id)

    def of_the_call(events):
        return (event for event in events if json.loads(event.data)["data"].get("call_id") == placed[0])

    followed = of_the_call(client.calls.stream_calls(options=RequestOptions(on_response=opened)))
    first, second = next(followed), next(followed)
    assert first.event.startswith("call.") and json.loads(first.data)["event"] == first.event
    again = next(of_the_call(client.calls.stream_calls(last_event_id=first.id)))
    assert (again.id, again.event, again.data) == (second.id, second.event, second.data)


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
        token = httpx.post(f"{page.url}/api/sip-token").json()
        assert token["identity"] == "front-desk"
        assert token["token"].count(".") == 2


def test_a_token_for_a_phone(by):
    token = by(None, lambda client: client.sip_token(identity="front-desk"), key=None)
    assert (token.identity, token.token.count(".")) == ("front-desk", 2)


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


NEXT = "http://127.0.0.1:9/next"
HEARD = [voice.say("One"), voice.play("https://a.example/b.mp3")]
#: Every verb with every attribute; of two that exclude each other, one each time.
VERBS = [
    ("reject", {"reason": "busy"}),
    ("say", {"text": "Karibu", "voice": "woman", "language": "sw-KE", "rate": 0.9, "loop": 2}),
    ("play", {"url": "https://a.example/b.mp3", "loop": 2}),
    ("get_digits", {"num_digits": 1, "timeout": 3, "first_digit_timeout": 4, "finish_on_key": "", "barge_in": False, "attempts": 2, "prompt": HEARD, "invalid_prompt": HEARD, "action": NEXT}),
    ("get_digits", {"max_digits": 4, "prompt": voice.say("One")}),
    (
        "dial",
        {
            "to": ["+254722000042", {"client": "asha"}],
            "action": NEXT,
            "caller_id": NUMBER,
            "hangup_on_star": True,
            "machine_detection": "detectMessageEnd",
            "max_duration": 60,
            "record": "dual",
            "record_ringing": True,
            "recording_status_callback": NEXT,
            "ring_tone": "ke",
            "send_digits": "1w2",
            "sequential": True,
            "timeout": 20,
            "whisper_url": NEXT,
        },
    ),
    (
        "conference",
        {
            "name": "standup",
            "action": NEXT,
            "beep": "onEnter",
            "coach": "00000000-0000-7000-8000-000000000000",
            "end_on_exit": True,
            "max_participants": 3,
            "muted": False,
            "participant_label": "desk",
            "record": True,
            "recording_status_callback": NEXT,
            "start_on_enter": False,
            "status_callback": NEXT,
            "status_callback_event": ["join", "leave"],
            "wait_url": "",
        },
    ),
    ("enqueue", {"name": "sales", "action": NEXT, "hold_music": "", "max_queue_size": 9, "timeout": 60, "wait_url": NEXT}),
    ("dequeue", {"name": "sales", "action": NEXT, "record": True, "timeout": 0}),
    ("leave", {}),
    ("record", {"action": NEXT, "finish_on_key": "12", "max_length": 60, "play_beep": False, "recording_status_callback": NEXT, "timeout": 3, "trim_silence": False}),
    ("stream", {"url": "wss://a.example/b", "action": NEXT, "bidirectional": False, "name": "s", "parameters": {"a": "b"}, "status_callback": NEXT, "track": "inbound"}),
    ("stop_stream", {"name": "s"}),
    ("send_digits", {"digits": "1w2#"}),
    ("pause", {"length": 2}),
    ("redirect", {"url": NEXT}),
    ("hangup", {}),
]


def test_what_the_builders_print_is_what_the_server_takes(client):
    answer = VoiceResponse()
    known = {verb: {} for verb, _ in VERBS}
    for verb, attributes in VERBS:
        getattr(answer, verb)(**attributes)
        known[verb].update(attributes)
        assert answer.actions[-1] == getattr(voice, verb)(**attributes)
    builders = [name for name in voice.__all__ if name.islower() and name != "parse_callback"]
    assert {verb: set(inspect.signature(getattr(voice, verb)).parameters) for verb in builders} == {verb: set(attributes) for verb, attributes in known.items()}
    read = client.actions.validate(document=str(answer))
    assert read.error is None and read.warnings == []
    assert [next(iter(action)) for action in read.actions] == [next(iter(action)) for action in answer]
    assert json.loads(str(answer)) == {"actions": answer.actions}
    client.calls.create(from_=NUMBER, to=BUSY, actions=VoiceResponse().hangup())
    # Whom you call can't be turned away.
    with pytest.raises(ActionsError, match="reject"):
        client.calls.create(from_=NUMBER, to=BUSY, actions=VoiceResponse().reject(reason="busy"))


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


def test_the_same_wrong_requests_give_the_same_errors_in_every_language(by):
    wrong = {
        "nonsense": lambda client: client.calls.create(from_=NUMBER, to="nonsense"),
        "unknown": lambda client: client.calls.get("00000000-0000-7000-8000-000000000000"),
        "emergency": lambda client: client.calls.create(from_=NUMBER, to="999"),
        "actions": lambda client: client.calls.create(from_=NUMBER, to=BUSY, actions=[{"say": {"text": ""}}]),
        "limit": lambda client: gathered(client.calls.list(limit=0)),
        "key": lambda client: gathered(client.calls.list()),
        # What something between here and the server says.
        "proxy": lambda client: client.calls.get("c"),
    }
    facts = {}
    with Fake((502, {"error": {"code": 502, "message": "Bad gateway"}}, {})) as proxy:
        for name, ask in wrong.items():
            with pytest.raises(ApiError) as caught:
                by(proxy.url if name == "proxy" else None, ask, key="skt_live_wrong" if name in ("key", "proxy") else None, max_retries=0)
            error = caught.value
            assert name == "proxy" or error.request_id.startswith("req_")
            family = type(error).__name__[: -len("Error")]
            facts[name] = {"family": family, "status": error.status, "code": error.code, "field": error.field, "docs_url": error.docs_url}
    nonsense = facts["nonsense"]
    assert (nonsense["family"], nonsense["code"], nonsense["field"]) == ("Validation", "validation.bad_request", "to")
    file = Path(os.environ["SAUTIKIT_FACTS"], "python.json")
    # The first of both clients writes, and the other says the same.
    assert not file.exists() or json.loads(file.read_text()) == facts
    file.write_text(json.dumps(facts))
