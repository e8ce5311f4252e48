"""Gives the page of a signed-in person a token, so that its phone needs no API key.

SAUTIKIT_BASE_URL=… SAUTIKIT_API_KEY=… uvicorn browser_token:app
"""

from fastapi import FastAPI

from sautikit import AsyncSautikit

app = FastAPI()
client = AsyncSautikit()


@app.post("/api/sip-token")
async def sip_token():
    # Here you know who is signed in.
    token = await client.sip_token(identity="front-desk")
    return token.to_dict()
