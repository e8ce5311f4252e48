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
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{2}:\d{2}:\d{2}"
#: Of today, of RFC 850, and of C's `asctime`.
_DATE = re.compile(
    rf"{_DAY}, \d{{2}} {_MONTH} \d{{4}} {_CLOCK} GMT|{_LONG_DAY}, \d{{2}}-{_MONTH}-\d{{2}} {_CLOCK} GMT|{_DAY} {_MONTH} [ \d]\d {_CLOCK} \d{{4}}",
    re.ASCII,
)


def pause(error: Exception, attempt: int, rand: Callable[[], float] = random.random) -> Optional[float]:
    """Seconds until the next try; None when there is none. `rand` gives [0, 1)."""
    # Full jitter: clients that failed together do not come back together.
    jitter = rand() * min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, 10))
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
    from datetime import datetime, timezone
    from email.utils import parsedate

    parts = parsedate(said)
    try:
        # A 31st of February is no date, whatever `parsedate` makes of it.
        moment = None if parts is None else datetime(*parts[:6], tzinfo=timezone.utc)
    except ValueError:
        return None
    return None if moment is None else max(0.0, moment.timestamp() - (time.time() if now is None else now))
