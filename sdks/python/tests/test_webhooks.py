"""What is signed is taken, and nothing else."""

import json
import re

import httpx
import pytest
from support import BUSY, NUMBER, ROOT, Relay, serve_example, signature

import sautikit
from sautikit import ArgumentError, Sautikit, SautikitError, SignatureError, webhooks

SECRET = "whsec_4f6d1c0a9b8e7d6c5b4a39281706f5e4"
BODY = json.dumps({"id": "evt_1", "event": "call.completed", "sequence": 3, "data": {"call_id": "c-ü"}, "a_new_member": True}, ensure_ascii=False).encode()
NOW = 1_700_000_000


def test_a_body_is_taken_as_it_was_signed_by_the_whole_secret():
    webhooks.verify(BODY, signature(BODY, SECRET, NOW), SECRET, now=NOW)
    webhooks.verify(BODY.decode(), signature(BODY, SECRET, NOW), SECRET, now=NOW + 300)
    assert webhooks.parse(BODY, signature(BODY, SECRET), SECRET)["a_new_member"] is True


@pytest.mark.parametrize(
    "payload, header, secret, now",
    [
        (BODY.replace(b"completed", b"completeD"), signature(BODY, SECRET, NOW), SECRET, NOW),
        (BODY, signature(BODY, SECRET, NOW), "whsec_another", NOW),
        (BODY, signature(BODY, SECRET, NOW), SECRET, NOW + 301),
        (BODY, signature(BODY, SECRET, NOW), SECRET, NOW - 301),
        (BODY, None, SECRET, NOW),
        (BODY, signature(BODY, SECRET, NOW).replace("v1=", "v1=0"), SECRET, NOW),
        (BODY, signature(BODY, SECRET, NOW) + "\n", SECRET, NOW),
        (BODY, signature(BODY, SECRET, NOW).upper(), SECRET, NOW),
        (BODY, signature(BODY, "", NOW), "", NOW),
    ],
)
def test_everything_else_is_refused(payload, header, secret, now):
    with pytest.raises(SignatureError):
        webhooks.verify(payload, header, secret, now=now)


@pytest.mark.parametrize("body", [b"", b"null", b"1", b"[]", b'"a"', b"CallId=c", b"{", b"\xff", b"[" * 100_000], ids=lambda body: repr(body[:8]))
def test_what_is_signed_and_no_event_is_told_as_such(body):
    with pytest.raises(SautikitError, match="no event") as caught:
        webhooks.parse(body, signature(body, SECRET), SECRET)
    assert not isinstance(caught.value, SignatureError)


@pytest.mark.parametrize("payload", [None, 5, {"id": "evt_1"}])
def test_what_was_parsed_is_no_body(payload):
    with pytest.raises(ArgumentError):
        webhooks.verify(payload, signature(BODY, SECRET, NOW), SECRET, now=NOW)


def test_what_no_signature_is_of_is_refused():
    for payload, header in [(BODY, b"t=1,v1=a"), (BODY, 5), ("\ud800", signature(BODY, SECRET, NOW)), (memoryview(BODY), "")]:
        with pytest.raises(SignatureError):
            webhooks.verify(payload, header, SECRET, now=NOW)


def test_the_receiver_takes_a_signed_webhook_and_refuses_a_changed_byte():
    with serve_example("webhook_receiver", SAUTIKIT_WEBHOOK_SECRET=SECRET) as receiver:

        def post(body):
            return httpx.post(f"{receiver.url}/webhooks", content=body, headers={"X-Sautikit-Signature": signature(BODY, SECRET), "Content-Type": "application/json"})

        assert post(BODY.replace("c-ü".encode(), b"c-uu")).status_code == 400
        assert post(BODY).status_code == 204
        receiver.said(r"^call\.completed c-ü$")


def test_a_secret_that_is_not_set_is_found_at_once():
    with pytest.raises(SautikitError):
        webhooks.fastapi("")


def test_a_body_without_end_is_not_read_to_its_end_and_one_that_was_read_is_there_for_others():
    import asyncio

    from fastapi import Depends, FastAPI, Request

    app = FastAPI()

    @app.post("/")
    async def receive(request: Request, body: bytes = Depends(webhooks.fastapi(SECRET))):  # noqa: B008
        assert body == await request.body()

    taken = []

    async def endless():
        while len(taken) < 1_000:
            taken.append(1)
            yield b"a" * 65_536

    async def run():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            good = await client.post("/", content=BODY, headers={"X-Sautikit-Signature": signature(BODY, SECRET)})
            return good.status_code, (await client.post("/", content=endless())).status_code

    assert asyncio.run(run()) == (200, 400)
    assert len(taken) == 17


def test_the_receiver_takes_what_the_server_sends_and_refuses_a_changed_byte_of_it():
    with Sautikit() as client, Relay() as relay:
        endpoint = client.webhooks.create(url=f"{relay.url}/webhooks", events=["call.*"])
        try:
            with serve_example("webhook_receiver", SAUTIKIT_WEBHOOK_SECRET=endpoint.secret) as receiver:
                relay.to = receiver.url
                client.webhooks.test(endpoint.id)
                receiver.said(r"^call\.completed ")
                call_id = client.calls.create(from_=NUMBER, to=BUSY).call_id
                receiver.said(rf"^call\.\w+ {call_id}$")
                sent = relay.taken[-1]
                for changed in (sent["body"].replace(b'"', b"'", 1), sent["body"] + b" "):
                    headers = {"X-Sautikit-Signature": sent["headers"]["X-Sautikit-Signature"]}
                    assert httpx.post(f"{receiver.url}/webhooks", content=changed, headers=headers).status_code == 400
                assert httpx.post(f"{receiver.url}/webhooks", content=sent["body"], headers=headers).status_code == 204
        finally:
            client.webhooks.delete(endpoint.id)


def test_the_version_is_the_packages():
    assert re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.M).group(1) == sautikit.__version__
