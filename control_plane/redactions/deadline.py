"""How much time a request has left. No I/O, no clock.

Shopify: "complete the action within 30 days of receiving the request"
(shopify.dev/docs/apps/build/compliance/privacy-law-compliance).
"""

from datetime import datetime
from enum import StrEnum

DUE_DAYS = 30
SOON_DAYS = 10.0
"""So long before the end somebody should look why it is not done: most take minutes."""
DAY_S = 86_400.0


class Urgency(StrEnum):
    """Of a request that is open; ``done`` once it is closed."""

    DONE = "done"
    IN_TIME = "in_time"
    SOON = "soon"
    OVERDUE = "overdue"


def days_left(due_at: str, now: str) -> float:
    """Until the last day; negative once it is past."""
    left = datetime.fromisoformat(due_at) - datetime.fromisoformat(now)
    return left.total_seconds() / DAY_S


def urgency(due_at: str, closed_at: str | None, now: str) -> Urgency:
    """What the clock says of a request."""
    if closed_at is not None:
        return Urgency.DONE
    left = days_left(due_at, now)
    if left < 0:
        return Urgency.OVERDUE
    return Urgency.SOON if left < SOON_DAYS else Urgency.IN_TIME
