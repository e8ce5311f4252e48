"""Server SDK of Sautikit. Start at `Sautikit` or `AsyncSautikit`.

    from sautikit import Sautikit

    client = Sautikit(api_key="skt_live_…", base_url="https://voice.example")
    call = client.calls.create(from_="+254700000001", to="+254722000042")
"""

from typing import TYPE_CHECKING, Any

from . import _families
from ._client import AsyncSautikit, Sautikit
from ._errors import ApiError, ArgumentError, ConnectionError, SautikitError, SignatureError, TimeoutError
from ._families import *  # noqa: F401,F403
from ._pages import AsyncPage, Page
from ._request import NOT_GIVEN, RequestOptions
from ._version import __version__
from .voice import VoiceCallback, VoiceResponse, parse_callback

__all__ = [
    "NOT_GIVEN",
    "ApiError",
    "ArgumentError",
    "AsyncPage",
    "AsyncSautikit",
    "ConnectionError",
    "Page",
    "RequestOptions",
    "Sautikit",
    "SautikitError",
    "SignatureError",
    "TimeoutError",
    "VoiceCallback",
    "VoiceResponse",
    "__version__",
    "parse_callback",
    "webhooks",
]
__all__ += _families.__all__

if TYPE_CHECKING:
    from . import webhooks
else:

    def __getattr__(name: str) -> Any:
        # `sautikit.webhooks` is there without an import of its own, and its hashes are loaded by who uses it.
        if name == "webhooks":
            from importlib import import_module

            return import_module(f"{__name__}.webhooks")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
