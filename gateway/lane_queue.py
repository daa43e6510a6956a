"""What waits for a slot of one lane: bounded, in order, each with its deadline.

Live and canary work waits in ``waiting``, shadow work in ``mirrored``, which goes only when no
live work waits in any lane of the process.
"""

from collections import deque
from collections.abc import Callable, Iterable

from gateway.batch import Batch, Work
from gateway.errors import LaneError, LaneFull
from gateway.lane_pressure import LIVE, SHADOW, SHARES, Pressure, Priority

NEVER = float("inf")


class LaneQueue:
    """``expire`` is called with each work that is taken or looked at past its deadline."""

    def __init__(
        self, version: str, max_rows: int, pressure: Pressure, expire: Callable[[Work], None]
    ) -> None:
        self.waiting: deque[Work] = deque()
        self.mirrored: deque[Work] = deque()
        self.earliest = NEVER
        "Earliest deadline of anything added and not yet looked at again, in time.monotonic."
        self._version = version
        # A lane's own bound holds back shadows only: its canary or live calls are all it has.
        self._limits = (max_rows, max_rows, int(max_rows * SHARES[SHADOW]))
        self._pressure = pressure
        self._expire = expire
        self._rows = 0
        self._serves_live = False
        self._is_short = False

    def check_room(self, rows: int, priority: Priority) -> None:
        """Raise LaneFull when ``rows`` more may not wait here, or anywhere in this process."""
        if self._rows + rows > self._limits[priority]:
            raise LaneFull(f"{self._version}: {self._rows} rows wait")
        if not self._pressure.admits(rows, priority):
            raise LaneFull(f"{self._version}: {self._pressure.rows} rows wait in all lanes")

    def add(self, work: Work, priority: Priority) -> None:
        """Let a work wait."""
        if priority is SHADOW:
            self.mirrored.append(work)
        else:
            self.waiting.append(work)
            self._serves_live = priority is LIVE
        self._rows += work.rows
        self._pressure.rows += work.rows
        self.earliest = min(self.earliest, work.deadline)

    def may_mirror(self, resume: Callable[[], None]) -> bool:
        """Whether shadow work may go now; if not, ``resume`` is called once it may."""
        if self._pressure.live_waits:
            self._pressure.hold(resume)
            return False
        return True

    def take(self, queue: deque[Work], limit: int, now: float) -> Batch | None:
        """Everything in ``queue`` that is still wanted, up to ``limit`` rows (or one work)."""
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

    def settle(self) -> None:
        """After sending what could be sent: tell the other lanes whether live work still waits."""
        is_short = bool(self.waiting) and self._serves_live
        if is_short is self._is_short:
            return
        self._is_short = is_short
        if is_short:
            self._pressure.lane_is_short()
        else:
            self._pressure.lane_has_room()

    def expire(self, now: float, sent: Iterable[Batch]) -> None:
        """Expire what is past its deadline, waiting here or ``sent`` and not answered."""
        self.earliest = NEVER
        for works in (self.waiting, self.mirrored, *(batch.works for batch in sent)):
            for work in works:
                if work.deadline <= now:
                    self._expire(work)
                elif work.deadline < self.earliest:
                    self.earliest = work.deadline
        for queue in (self.waiting, self.mirrored):
            while queue and queue[0].future.done():
                self._leaves(queue.popleft())
        self.settle()

    def fail(self, error: LaneError, fail: Callable[[Work, LaneError], None]) -> None:
        """Fail everything that waits."""
        for queue in (self.waiting, self.mirrored):
            while queue:
                work = queue.popleft()
                self._leaves(work)
                fail(work, error)
        self.settle()

    def _leaves(self, work: Work) -> None:
        self._rows -= work.rows
        self._pressure.rows -= work.rows
