"""What a lane's batches amounted to, for /metrics and the statistics extension."""

import time
from collections.abc import Iterable

from gateway.batch import Batch
from gateway.errors import LaneError
from gateway.lane_retry import RetryBudget

PREFIX = "signalbox_gateway_lane"


class LaneTally:
    """``sent`` batches, and of those that were answered: rows, time their requests waited and
    took, when the last one came. ``failures`` are requests, by kind."""

    __slots__ = ("batches", "compute_s", "failures", "last_ms", "queue_s", "rows", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.batches = 0
        self.rows = 0
        self.queue_s = 0.0
        self.compute_s = 0.0
        self.last_ms = 0
        self.failures: dict[str, int] = {}

    def add(self, batch: Batch, now: float) -> None:
        """Count a batch answered at ``now`` (monotonic); each of its requests took all of it."""
        self.batches += 1
        self.rows += batch.rows
        self.compute_s += (now - batch.sent_at) * len(batch.works)
        self.queue_s += sum([batch.sent_at - work.queued_at for work in batch.works])
        self.last_ms = time.time_ns() // 1_000_000

    def failed(self, error: LaneError) -> LaneError:
        """Count one request that got no answer."""
        self.failures[error.counted_as] = self.failures.get(error.counted_as, 0) + 1
        return error

    def metrics(
        self, version: str, answered: int, retries: RetryBudget, ejections: int
    ) -> Iterable[tuple[str, str, dict[str, str], float]]:
        """What a lane came to."""
        labels = {"version": version}
        yield f"{PREFIX}_answers_total", "Requests a version answered.", labels, answered
        yield f"{PREFIX}_batches_total", "Calls made to a version.", labels, self.sent
        text = "Requests a version did not answer."
        for kind, count in self.failures.items():
            yield f"{PREFIX}_failures_total", text, {**labels, "kind": kind}, count
        text = "Batches tried again, whole or in halves, or not for want of budget."
        for outcome in ("taken", "halved", "refused"):
            count = getattr(retries, outcome)
            yield f"{PREFIX}_retries_total", text, {**labels, "outcome": outcome}, count
        yield f"{PREFIX}_ejections_total", "Times a worker was left out.", labels, ejections
        yield f"{PREFIX}_rows_total", "Rows a version answered.", labels, self.rows
