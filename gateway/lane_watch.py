"""When a batch in flight takes too long: another worker is asked, in the end this one given up."""

import structlog

from gateway.batch import Batch
from gateway.lane_connection import LaneConnection
from gateway.lane_pool import WorkerPool
from gateway.lane_retry import SecondTries
from gateway.latency import LatencyWindow

log = structlog.get_logger(__name__)

# A batch nobody waits for any more and in flight for longer hangs: its connection is given up.
HUNG_AFTER_S = 2.0
# Another worker is asked after this much silence: a few times the usual, but never so late that
# it could not answer in time.
PATIENCE_MIN_S = 0.02
PATIENCE_P99S = 4.0
PATIENCE_SHARE = 0.4


class SilenceWatch:
    """Of one lane. Times are time.monotonic."""

    def __init__(
        self, version: str, pool: WorkerPool, again: SecondTries, latency: LatencyWindow
    ) -> None:
        self._version = version
        self._pool = pool
        self._again = again
        self._latency = latency

    def look(self, connection: LaneConnection, batch: Batch, now: float) -> bool:
        """Whether another worker is to be asked beside the one that has this batch."""
        age = now - batch.sent_at
        if age < PATIENCE_MIN_S / 2:
            return False
        worker = connection.worker
        asked = (
            batch.twin is None
            and age > self._patience(batch)
            and self._pool.keeps_going(worker, batch.sent_at)
            and self._again.beside(batch, connection, now)
        )
        if asked:
            self._pool.hangs(worker)
        if age > HUNG_AFTER_S and not batch.unanswered(now):
            log.warning("lane_hung", version=self._version, address=worker.address.text)
            connection.close()
        return asked

    def _patience(self, batch: Batch) -> float:
        earliest = min([work.deadline for work in batch.works])
        usual = max(PATIENCE_MIN_S, PATIENCE_P99S * self._latency.p99_ms / 1000)
        return min(usual, PATIENCE_SHARE * (earliest - batch.sent_at))
