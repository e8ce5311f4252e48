"""What type checkers say about programs."""

import os
import subprocess
import sys

from support import ROOT

RIGHT = """
from datetime import date, datetime
from sautikit import AsyncSautikit, Sautikit, VoiceResponse, webhooks

client = Sautikit()
call = client.calls.get("c")
status: str = call.status
token = client.sip_token(identity="x")
name: str = token.identity
client.calls.create(from_="+254", to="+254", actions=VoiceResponse().say("a").hangup())
for event in client.calls.stream("c", last_event_id="5"):
    seen: str = event.id
client.calls.list(from_date=date(2026, 6, 30), to_date=datetime.now())
secret = webhooks.fastapi

async def run(client: AsyncSautikit) -> None:
    page = await client.calls.list()
    following = await page.next_page()
    async for row in page:
        name: str = row.id
    await client.sip_token(identity="x")
"""
#: Each line is wrong.
WRONG = """
client.calls.get("c").statuss
client.sip_token(identiti="x")
client.calls.create(from_="+254", to="+254", actionss=[])
for row in page: pass
"""


def checked(folder, name, text):
    file = folder / name
    file.write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--cache-dir", str(folder / "cache"), str(file)]
    done = subprocess.run(command, env={**os.environ, "MYPYPATH": str(ROOT / "src")}, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_what_is_misspelled_is_found_and_what_is_right_is_not(tmp_path):
    assert checked(tmp_path, "right.py", RIGHT) == []
    wrong = "from sautikit import AsyncPage, Call, Sautikit\nclient = Sautikit()\ndef page() -> AsyncPage[Call]: ...\n" + WRONG.replace("in page:", "in page():")
    told = checked(tmp_path, "wrong.py", wrong)
    before = wrong.splitlines().index("client.calls.get(\"c\").statuss") + 1
    lines = {int(line.split(":")[1]) for line in told if ": error:" in line}
    assert {before + at for at in range(4)} <= lines, told
