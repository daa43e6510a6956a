"""When a worker is taken out of use, and for how long. No I/O, no clock of its own.

Statistics over many hosts never fire with the one to four workers a version has, so two plain
rules do: several failed calls in a row, or a large share of the calls of a short window. How
long grows with each time, up to a cap (as Envoy's outlier detection does), and is forgotten
after a long healthy spell. Times are seconds of one monotonic clock, given by the caller.
"""

CONSECUTIVE = 3
WINDOW_S = 5.0
MIN_CALLS = 10
FAILED_SHARE = 0.5
BASE_S = 1.0
LONGEST_S = 30.0
FORGET_AFTER_S = 120.0


class Ejection:
    """What one worker's calls came to. ``succeeded`` is on the hot path: two assignments."""

    __slots__ = ("_ejected_at", "_times", "_window_at", "calls", "consecutive", "failed")

    def __init__(self) -> None:
        self.consecutive = 0
        self.calls = 0
        self.failed = 0
        self._window_at = 0.0
        self._times = 0
        self._ejected_at = 0.0

    def succeeded(self) -> None:
        """A call was answered as it should."""
        self.consecutive = 0
        self.calls += 1

    def fails(self, now: float) -> bool:
        """A call failed; whether the worker should leave use."""
        if now - self._window_at > WINDOW_S:
            self._window_at, self.calls, self.failed = now, 0, 0
        self.consecutive += 1
        self.calls += 1
        self.failed += 1
        often = self.calls >= MIN_CALLS and self.failed >= FAILED_SHARE * self.calls
        return often or self.consecutive >= CONSECUTIVE

    def eject(self, now: float) -> float:
        """The worker leaves use; for how many seconds."""
        if now - self._ejected_at > FORGET_AFTER_S:
            self._times = 0
        seconds = min(LONGEST_S, BASE_S * 2.0**self._times)
        self._times += 1
        self._ejected_at = now
        self.consecutive = self.calls = self.failed = 0
        return seconds
