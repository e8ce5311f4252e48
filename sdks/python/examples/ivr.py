"""A menu: asks for keys, says them back. Give its address to a number as `voice_callback_url`.

SAUTIKIT_SIGNING_SECRET=… uvicorn ivr:app
"""

import os

from fastapi import Depends, FastAPI

from sautikit import VoiceResponse, parse_callback, webhooks
from sautikit.voice import say

app = FastAPI()
signed = Depends(webhooks.fastapi(os.environ["SAUTIKIT_SIGNING_SECRET"]))


@app.post("/voice")
async def voice(body: bytes = signed):
    prompt = say("Press up to three keys, then hash.")
    return VoiceResponse().get_digits(num_digits=3, prompt=prompt, action="/pressed").say("Goodbye.").to_dict()


@app.post("/pressed")
async def pressed(body: bytes = signed):
    callback = parse_callback(body)
    print(f"{callback.from_} pressed {callback.digits}", flush=True)
    return VoiceResponse().say(f"You pressed {callback.digits}.").hangup().to_dict()
