"""Named places where a test may have the process die as by ``kill -9``.

Inert unless ``SIGNALBOX_CRASH_AT`` names one when the process starts: ``NAME`` for the first
time it is passed, ``NAME@3`` for the third.
"""

import os
import signal
from enum import StrEnum

VARIABLE = "SIGNALBOX_CRASH_AT"


class CrashPoint(StrEnum):
    """The steps of a change and its publish, in their order; then an upstream's and a webhook's."""

    ANSWERED = "change.answered"
    "A request's change and, if it has a key, its answer are written, not committed."
    CHANGE_COMMITTED = "change.committed"
    "A request's change is durable, nobody was told."
    COMPILED = "publish.compiled"
    "What differs is known, nothing is written."
    ARCHIVED = "publish.archived"
    "A signed header is in the archive, its event not yet in the register."
    RECORDED = "publish.recorded"
    "One document and its event are written, not committed."
    WRITTEN = "publish.written"
    "Everything is written, not committed."
    COMMITTED = "publish.committed"
    "The revision is durable, no stream was told."
    ANNOUNCED = "publish.announced"
    "The streams were told."
    FOLLOW_FETCHED = "follow.fetched"
    "A payload of the upstream was read, nothing of it is written."
    FOLLOW_TAKEN = "follow.taken"
    "What is good of it is durable, the publisher was not waited for."
    WEBHOOKS_DUE = "webhook.due"
    "Deliveries are durable, none was sent."
    WEBHOOK_SENT = "webhook.sent"
    "A receiver was told, and nothing of it written down."

    @property
    def is_of_publish(self) -> bool:
        """Whether there is, or may be, something to publish when it is passed."""
        return self.value.startswith("publish.") or self is CrashPoint.CHANGE_COMMITTED


class Countdown:
    """Counts passages of the one place that is armed; made from the variable's text."""

    def __init__(self, armed: str) -> None:
        name, _, times = armed.partition("@")
        self._at = CrashPoint(name) if name else None
        self._left = int(times or 1)

    def passed(self, point: CrashPoint) -> bool:
        """Whether this is the passage that was asked for."""
        if point is not self._at:
            return False
        self._left -= 1
        return self._left == 0


_COUNTDOWN = Countdown(os.environ.get(VARIABLE, ""))


def crash_point(point: CrashPoint) -> None:
    """Die here, if this is the place and the time."""
    if _COUNTDOWN.passed(point):
        os.kill(os.getpid(), signal.SIGKILL)
