"""When a delivery is tried again: the schedule Standard Webhooks recommends, some 75 hours. Pure.

A receiver's own ``Retry-After`` may put an attempt off, never bring one forward.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60.0, 3600.0
DELAYS_S = (5.0, 5 * MINUTE, *(hours * HOUR for hours in (0.5, 2, 5, 10, 14, 20, 24)))
"""Before the second attempt, the third, …"""
JITTER = 0.1
"""A delay is up to so much longer or shorter: receivers that failed together come back apart."""
MOST_RETRY_AFTER_S = 24 * HOUR
THROTTLED_S = 5.0
"""How long a webhook rests whose receiver said that it has too much to do, but not how long."""
THROTTLING = frozenset({429, 502, 503, 504})


def delay_s(tries: int, chance: Callable[[], float]) -> float | None:
    """Seconds until the next attempt after ``tries`` failed ones; None: that was the last.

    ``chance`` gives numbers in 0…1.
    """
    if tries > len(DELAYS_S):
        return None
    return DELAYS_S[tries - 1] * (1 + JITTER * (2 * chance() - 1))


def rest_s(status: int | None, retry_after_s: float | None) -> float:
    """How long nothing at all is to be sent to a receiver that answered so."""
    if status not in THROTTLING:
        return 0.0
    return THROTTLED_S if retry_after_s is None else retry_after_s


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds of a ``Retry-After`` header (RFC 9110 §10.2.3), bounded; None for nonsense."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 12:
        return min(float(text), MOST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), MOST_RETRY_AFTER_S)
