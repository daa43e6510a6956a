"""The batches of one lane that are with a worker, each on the connection it was sent over."""

from gateway.batch import Batch
from gateway.lane_connection import LaneConnection
from gateway.lane_retry import RetryBudget


class Flight:
    """False while nothing is in flight."""

    def __init__(self, budget: RetryBudget) -> None:
        self.batches: dict[LaneConnection, Batch] = {}
        self._budget = budget

    def __bool__(self) -> bool:
        return bool(self.batches)

    def begins(self, connection: LaneConnection, batch: Batch) -> None:
        """A batch is sent."""
        self.batches[connection] = batch
        connection.worker.in_flight += 1

    def ends(self, connection: LaneConnection) -> Batch | None:
        """The batch of a connection is over, however it ended; None if there was none."""
        batch = self.batches.pop(connection, None)
        if batch is not None:
            batch.ends()
            connection.worker.in_flight -= 1
            if batch.tried:
                self._budget.give_back()
        return batch

    def is_silent(self, now: float) -> bool:
        """Whether nobody waits any more for any batch here: its workers hang."""
        return bool(self.batches) and not any(
            batch.unanswered(now) for batch in self.batches.values()
        )
