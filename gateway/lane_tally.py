"""What a lane's batches amounted to, added up once per batch for the statistics extension."""

import time

from gateway.batch import Batch


class LaneTally:
    """Answered batches: rows, time their requests waited and took, when the last one came."""

    __slots__ = ("batches", "compute_s", "last_ms", "queue_s", "rows")

    def __init__(self) -> None:
        self.batches = 0
        self.rows = 0
        self.queue_s = 0.0
        self.compute_s = 0.0
        self.last_ms = 0

    def add(self, batch: Batch, now: float) -> None:
        """Count a batch answered at ``now`` (monotonic); each of its requests took all of it."""
        self.batches += 1
        self.rows += batch.rows
        self.compute_s += (now - batch.sent_at) * len(batch.works)
        self.queue_s += sum([batch.sent_at - work.queued_at for work in batch.works])
        self.last_ms = time.time_ns() // 1_000_000
