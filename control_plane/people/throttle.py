"""How long a source of failed sign-ins has to wait. Pure: knows no clock and no database.

Some attempts are free, then the wait doubles with each one, from a second up to the rule's most.
What was tried while waiting is not counted, so nobody outside can make a wait longer than that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WAIT_S = 1.0
FORGOTTEN_AFTER = timedelta(hours=24)
"""A source that tried nothing for so long after its wait starts anew."""


@dataclass(frozen=True)
class Rule:
    """``free`` attempts without a wait, and the longest wait in seconds."""

    free: int
    most_s: float


@dataclass(frozen=True)
class Count:
    """Attempts of a source that did not succeed, or are still being looked at."""

    failures: int
    last_at: datetime
    blocked_until: datetime


def wait_s(count: Count | None, now: datetime) -> float:
    """Seconds until the source may try again; 0 when it may now."""
    if count is None:
        return 0.0
    return max(0.0, (count.blocked_until - now).total_seconds())


def after_attempt(rule: Rule, count: Count | None, now: datetime) -> Count:
    """The count with one more attempt, which is taken for a failure until it succeeds."""
    known = count is not None and now - count.blocked_until < FORGOTTEN_AFTER
    failures = (count.failures if count is not None and known else 0) + 1
    return Count(failures, now, now + timedelta(seconds=_penalty_s(rule, failures)))


def _penalty_s(rule: Rule, failures: int) -> float:
    beyond = failures - rule.free
    if beyond < 0:
        return 0.0
    # Doubled more often it would overflow, and is beyond any rule anyway.
    return min(rule.most_s, FIRST_WAIT_S * 2.0 ** min(beyond, 60))
