"""One log line for a request that was slow or failed, at most so many a second.

The decision id is the request's id: the caller has it, the decision log has the rest. No
value of a request is logged.
"""

import structlog

from gateway.metrics import Labels
from gateway.stopwatch import Stopwatch

log = structlog.get_logger("gateway.request")

LINES_PER_S = 10


class RequestLog:
    """``slow_s``: what takes longer is worth a line."""

    def __init__(self, slow_s: float) -> None:
        self.slow_s = slow_s
        self.suppressed = 0
        self._second = 0
        self._lines = 0

    def note(self, decision_id: str, labels: Labels, watch: Stopwatch) -> None:
        """Log one request, or count that it was not."""
        second = int(watch.started + watch.total_s)
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > LINES_PER_S:
            self.suppressed += 1
            return
        model, version, variant, reason, status = labels
        log.warning(
            "request_failed" if status >= "500" else "request_slow",
            decision_id=decision_id,
            model=model,
            version=version,
            variant=variant,
            reason=reason,
            status=int(status),
            total_ms=round(watch.total_s * 1000, 3),
            features_ms=round(watch.features_s * 1000, 3),
            suppressed_before=self.suppressed,
        )
