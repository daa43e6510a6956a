"""What waits for a slot of one lane: bounded, in order, each with its deadline."""

from collections import deque
from collections.abc import Callable, Iterable

from gateway.batch import Batch, Work
from gateway.errors import LaneError, LaneFull
from gateway.lane_pressure import Pressure, Priority

NEVER = float("inf")


class LaneQueue:
    """``expire`` is called with each work that is taken or looked at past its deadline."""

    def __init__(
        self, version: str, max_rows: int, pressure: Pressure, expire: Callable[[Work], None]
    ) -> None:
        self.waiting: deque[Work] = deque()
        self.earliest = NEVER
        "Earliest deadline of anything added and not yet looked at again, in time.monotonic."
        self._version = version
        self._max_rows = max_rows
        self._pressure = pressure
        self._expire = expire
        self._rows = 0

    def check_room(self, rows: int, priority: Priority) -> None:
        """Raise LaneFull when ``rows`` more may not wait here, or anywhere in this process."""
        if self._rows + rows > self._max_rows:
            raise LaneFull(f"{self._version}: {self._rows} rows wait")
        if not self._pressure.admits(rows, priority):
            raise LaneFull(f"{self._version}: {self._pressure.rows} rows wait in all lanes")

    def add(self, work: Work) -> None:
        """Let a work wait."""
        self.waiting.append(work)
        self._rows += work.rows
        self._pressure.rows += work.rows
        self.earliest = min(self.earliest, work.deadline)

    def take(self, limit: int, now: float) -> Batch | None:
        """Everything that is still wanted, up to ``limit`` rows (or one work)."""
        queue = self.waiting
        works: list[Work] = []
        rows = 0
        while queue and (not works or rows + queue[0].rows <= limit):
            work = queue.popleft()
            self._leaves(work)
            if work.future.done():
                continue
            if work.deadline <= now:
                self._expire(work)
                continue
            works.append(work)
            rows += work.rows
        return Batch(works, rows, now) if works else None

    def expire(self, now: float, sent: Iterable[Batch]) -> None:
        """Expire what is past its deadline, waiting here or ``sent`` and not answered."""
        self.earliest = NEVER
        for works in (self.waiting, *(batch.works for batch in sent)):
            for work in works:
                if work.deadline <= now:
                    self._expire(work)
                elif work.deadline < self.earliest:
                    self.earliest = work.deadline
        while self.waiting and self.waiting[0].future.done():
            self._leaves(self.waiting.popleft())

    def fail(self, error: LaneError, fail: Callable[[Work, LaneError], None]) -> None:
        """Fail everything that waits."""
        while self.waiting:
            work = self.waiting.popleft()
            self._leaves(work)
            fail(work, error)

    def _leaves(self, work: Work) -> None:
        self._rows -= work.rows
        self._pressure.rows -= work.rows
