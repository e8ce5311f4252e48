import asyncio
import sys
from pathlib import Path

import pytest

from sautikit import AsyncSautikit, Sautikit, _retries

sys.path.insert(0, str(Path(__file__).parent))


def in_sync(url, ask, key="skt_live_x", **settings):
    with Sautikit(key, url, **settings) as client:
        return ask(client)


def in_async(url, ask, key="skt_live_x", **settings):
    async def run():
        async with AsyncSautikit(key, url, **settings) as client:
            return await ask(client)

    return asyncio.run(run())


@pytest.fixture(params=[in_sync, in_async], ids=["sync", "async"])
def by(request, monkeypatch):
    """Asks by either client: of a fake, with a key that is none."""
    # How long is waited is told without waiting.
    monkeypatch.setattr(_retries, "FIRST_S", 0.01)
    return request.param
