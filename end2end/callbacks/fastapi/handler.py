"""A customer's server as customers write them: FastAPI with its own form and query parameters, in JSON and in XML.

It knows nothing of Sautikit but its documentation; what it was asked is read from `/asked`.
"""

import hashlib
import hmac
import os
import time
from typing import Annotated, Optional

from fastapi import FastAPI, Form, Query, Request, Response

SECRET = os.environ["SECRET"].encode()
# Requests older or newer than this are refused, as the documentation tells receivers to.
TOLERANCE_SECONDS = 300

app = FastAPI()
asked = []


def is_signed(header: str, signed: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if abs(time.time() - int(parts.get("t", "0"))) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(SECRET, signed + f".{parts['t']}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts.get("v1", ""))


@app.middleware("http")
async def check_signature(request: Request, call_next):
    if request.url.path != "/asked":
        signed = await request.body() if request.method == "POST" else request.url.query.encode()
        if not is_signed(request.headers.get("X-Sautikit-Signature", ""), signed):
            return Response(status_code=403)
    return await call_next(request)


@app.get("/asked")
def read_asked():
    return asked


@app.post("/voice")
def voice(
    From: Annotated[str, Form()],
    To: Annotated[str, Form()],
    caller: Annotated[str, Form(alias="from")],
    CallStatus: Annotated[str, Form()],
    IsFinal: Annotated[Optional[bool], Form()] = None,
):
    asked.append({"path": "/voice", "From": From, "To": To, "from": caller, "CallStatus": CallStatus, "IsFinal": IsFinal})
    if IsFinal:
        return Response(status_code=204)
    return {
        "actions": [
            {"say": {"text": "Welcome. Press three keys."}},
            {"getDigits": {"numDigits": 3, "timeout": 5, "action": "/pressed"}},
        ]
    }


@app.post("/pressed")
def pressed(Digits: Annotated[str, Form()], CallSid: Annotated[str, Form()]):
    asked.append({"path": "/pressed", "Digits": Digits, "CallSid": CallSid})
    document = f'<Response><Say>You pressed {Digits}.</Say><Redirect method="GET">/goodbye?step=2</Redirect></Response>'
    return Response(document, media_type="application/xml")


@app.get("/goodbye")
def goodbye(From: Annotated[str, Query()], CallSid: Annotated[str, Query()], step: int):
    asked.append({"path": "/goodbye", "From": From, "CallSid": CallSid, "step": step})
    return {"actions": [{"hangup": {}}]}
