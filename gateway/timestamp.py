"""The time of a decision as text: UTC, RFC 3339, microseconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

NANOSECONDS = 1_000_000_000


class Timestamps:
    """Renders the clock; all but the microseconds is kept for as long as the second lasts."""

    __slots__ = ("_clock", "_second", "_start")

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock_ns
        self._second = -1
        self._start = ""

    def now(self) -> str:
        """``2026-01-31T23:59:59.000001+00:00``, as ``datetime.isoformat`` has it."""
        second, nanoseconds = divmod(self._clock(), NANOSECONDS)
        if second != self._second:
            self._second = second
            self._start = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{self._start}{nanoseconds // 1000:06d}+00:00"
