"""Recent latencies of a lane and their 99th percentile, for the fallback reserve (contract §8)."""

from collections import deque

from bentos.contract.deadline import MIN_RESERVE_MS

WINDOW = 512
FIRST_ESTIMATE_AT = 64


class LatencyWindow:
    """The last 512 answers. The percentile is worked out every 512 answers, not per request;
    before the first 64 it is what makes the reserve its minimum."""

    def __init__(self) -> None:
        self.count = 0
        self.p99_ms = MIN_RESERVE_MS / 2
        self._recent: deque[float] = deque(maxlen=WINDOW)

    def observe(self, milliseconds: float) -> None:
        """Add one answer."""
        self.count += 1
        self._recent.append(milliseconds)
        if self.count == FIRST_ESTIMATE_AT or self.count % WINDOW == 0:
            ordered = sorted(self._recent)
            self.p99_ms = ordered[int(len(ordered) * 0.99)]
