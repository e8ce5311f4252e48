"""Whether and when a failed request is sent again."""

from __future__ import annotations

import random
import time
from typing import Callable, Optional

from ._errors import ApiError, ConnectionError

#: The first wait is at most this, seconds; each later one twice as long.
FIRST_S = 0.5
#: No wait of our own choice is longer.
LONGEST_S = 8.0
#: A server that asks for more than this is not waited for.
PATIENCE_S = 60.0


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


def retry_after(header: Optional[str]) -> Optional[float]:
    """Seconds of a `Retry-After`, which may be a date."""
    if not header or not header.strip():
        return None
    if header.strip().isdigit():
        return float(header)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
