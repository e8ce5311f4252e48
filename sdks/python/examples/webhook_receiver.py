"""Receives webhooks: each is checked, and told once.

SAUTIKIT_WEBHOOK_SECRET=whsec_… uvicorn webhook_receiver:app
"""

import json
import os

from fastapi import Depends, FastAPI

from sautikit import webhooks

app = FastAPI()
signed = Depends(webhooks.fastapi(os.environ["SAUTIKIT_WEBHOOK_SECRET"]))
# A delivery may come twice; its event's id says so. Keep the ids where you keep what you do about them.
seen = set()


@app.post("/webhooks", status_code=204)
async def receive(body: bytes = signed) -> None:
    event = json.loads(body)
    if event["id"] not in seen:
        seen.add(event["id"])
        print(event["event"], event["data"]["call_id"], flush=True)
