"""Second tries of one lane: which batches wait for another worker, and how many may.

A retry that is free turns a slow version into an overloaded one. Envoy's rule: a fifth of what is
in flight, and never fewer than three; a version with one to four workers, each taking one batch
at a time, can so lose all workers but the last at once without a caller noticing.

A batch that workers refuse is asked for again in halves, until who sent the row they fail on is
alone with it: nobody else is failed for it. That costs twice its rows in calls at most, and only
a worker that answered shortly before gets them.
"""

from collections.abc import Iterator

from gateway.batch import Batch, Work
from gateway.errors import BatchRefused, LaneError
from gateway.lane_connection import LaneConnection
from gateway.lane_ejection import CONSECUTIVE
from gateway.lane_pool import WorkerPool
from gateway.lane_worker import LaneWorker

SHARE_OF_ACTIVE = 0.2
MIN_CONCURRENT = 3
# One first try and two more: with more workers than that broken at once there is no help.
MAX_TRIES = 3


class RetryBudget:
    """Counts batches, not requests: a batch is what a worker is asked once more."""

    __slots__ = ("halved", "refused", "running", "taken")

    def __init__(self) -> None:
        self.running = 0
        self.taken = 0
        self.refused = 0
        self.halved = 0
        "Batches asked for again in halves, which is no matter of budget."

    def take(self, active: int) -> bool:
        """Whether one more batch may be tried again, with ``active`` batches in flight."""
        if self.running >= max(MIN_CONCURRENT, SHARE_OF_ACTIVE * active):
            self.refused += 1
            return False
        self.running += 1
        self.taken += 1
        return True

    def give_back(self) -> None:
        """A second try ended, however it ended."""
        self.running -= 1


class SecondTries:
    """Batches that failed, or are silent, on one worker and wait for another."""

    def __init__(self, pool: WorkerPool) -> None:
        self.budget = RetryBudget()
        self.waiting: list[Batch] = []
        self._pool = pool

    def after(self, batch: Batch, connection: LaneConnection, error: LaneError, now: float) -> bool:
        """A batch failed; whether what is left of it waits for another try.

        On another worker; the same one only where its connection broke or it wants JSON. What
        they refuse whole is tried in halves.
        """
        tried = (*batch.tried, connection.worker)
        pool = self._pool
        refused = isinstance(error, BatchRefused)
        elsewhere = pool.has_other(tried) or (error.may_repeat and not pool.is_down)
        if elsewhere and not (refused and batch.is_part) and self._add(batch, tried, now):
            return True
        return refused and self._add_halves(batch, connection.worker, now)

    def beside(self, batch: Batch, connection: LaneConnection, now: float) -> bool:
        """A batch's worker is silent while others answer: ask another; the first answer wins."""
        twin = self._add(batch, (*batch.tried, connection.worker), now)
        if twin is None:
            return False
        batch.twin, twin.twin = twin, batch
        return True

    def due(self, now: float) -> Iterator[tuple[Batch, LaneConnection]]:
        """Each batch that can go now, with the connection it takes; forgets what is too late."""
        for batch in list(self.waiting):
            if not batch.unanswered(now):
                self.waiting.remove(batch)
                self._ends(batch)
                continue
            connection = self._pool.take(batch.tried)
            if connection is not None:
                self.waiting.remove(batch)
                yield batch, connection

    def give_up(self) -> list[Batch]:
        """No worker is left: everything that waited, which now has to fail."""
        waiting, self.waiting = self.waiting, []
        for batch in waiting:
            self._ends(batch)
        return waiting

    def _ends(self, batch: Batch) -> None:
        batch.ends()
        if batch.tried:
            self.budget.give_back()

    def _add(self, batch: Batch, tried: tuple[LaneWorker, ...], now: float) -> Batch | None:
        works = batch.unanswered(now)
        if not works or len(tried) >= MAX_TRIES:
            return None
        if not self.budget.take(sum(worker.in_flight for worker in self._pool.workers.values())):
            return None
        again = Batch(works, _rows(works), batch.sent_at, tried, is_part=batch.is_part)
        self.waiting.append(again)
        return again

    def _add_halves(self, batch: Batch, worker: LaneWorker, now: float) -> bool:
        works = batch.unanswered(now)
        # A worker that refuses everything is broken: no row is why.
        if len(works) < 2 or worker.ejection.consecutive >= CONSECUTIVE:
            return False
        self.budget.halved += 1
        middle = len(works) // 2
        for half in (works[:middle], works[middle:]):
            self.waiting.append(Batch(half, _rows(half), batch.sent_at, is_part=True))
        return True


def _rows(works: list[Work]) -> int:
    return sum(work.rows for work in works)
