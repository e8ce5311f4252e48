"""Whether and when a failed request is sent again."""

from __future__ import annotations

import random
import re
import time
from typing import Callable, Optional

from ._errors import ApiError, ConnectionError

#: The first wait is at most this, seconds; each later one twice as long.
FIRST_S = 0.5
#: No wait of our own choice is longer.
LONGEST_S = 8.0
#: A server that asks for more than this is not waited for.
PATIENCE_S = 60.0
_SECONDS = re.compile(r"[0-9]{1,15}")
#: Of today, of RFC 850, and of C's `asctime`.
_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT"
    r"|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}",
    re.ASCII,
)


def pause(error: Exception, attempt: int, rand: Callable[[], float] = random.random) -> Optional[float]:
    """Seconds until the next try; None when there is none. `rand` gives [0, 1)."""
    # Full jitter: clients that failed together do not come back together.
    jitter = rand() * min(LONGEST_S, FIRST_S * 2.0**attempt)
    if isinstance(error, ConnectionError):
        return jitter
    if not isinstance(error, ApiError):
        return None
    in_progress = error.status == 409 and isinstance(error.details, dict) and error.details.get("reason") == "in_progress"
    if error.status != 429 and error.status < 500 and not in_progress:
        return None
    if error.retry_after is None:
        return jitter
    # Never before the server said.
    return None if error.retry_after > PATIENCE_S else error.retry_after + jitter


def retry_after(header: Optional[str], now: Optional[float] = None) -> Optional[float]:
    """Seconds of a `Retry-After`: whole seconds, or a date as RFC 7231 writes it."""
    said = (header or "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    if not _DATE.fullmatch(said):
        return None
    import calendar
    from email.utils import parsedate

    parts = parsedate(said)
    return None if parts is None else max(0.0, calendar.timegm(parts) - (time.time() if now is None else now))
