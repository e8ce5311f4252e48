"""What is signed is taken, and nothing else."""

import json
import re

import httpx
import pytest
from support import ROOT, serve_example, signature

import sautikit
from sautikit import SignatureError, webhooks

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


def test_the_receiver_takes_a_signed_webhook_and_refuses_a_changed_byte():
    with serve_example("webhook_receiver", SAUTIKIT_WEBHOOK_SECRET=SECRET) as receiver:

        def post(body):
            return httpx.post(f"{receiver.url}/webhooks", content=body, headers={"X-Sautikit-Signature": signature(BODY, SECRET), "Content-Type": "application/json"})

        assert post(BODY.replace("c-ü".encode(), b"c-uu")).status_code == 400
        assert post(BODY).status_code == 204
        receiver.said(r"^call\.completed c-ü$")


def test_the_version_is_the_packages():
    assert re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.M).group(1) == sautikit.__version__
