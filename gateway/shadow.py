"""Copies of answered requests to shadow versions; the result lies beside the decision.

Nothing here can slow, fail or change an answer: it starts after the answer left, from bounded
queues with their own caps and deadline, and yields to live work (``lane_pressure.py``). What is
not compared is counted, never silent.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from bentos.contract.decision import ShadowOutcome
from bentos.contract.packing import Packer
from bentos.contract.rows import Row
from gateway.batch import LaneAnswer
from gateway.decision_log import DecisionLog
from gateway.errors import LaneError
from gateway.feature_lookup import Entities, FeatureLookup
from gateway.lane import Lane
from gateway.lane_pressure import Priority
from gateway.overload import Overload
from gateway.shadow_comparison import Comparison, Tolerance, compare
from gateway.shadow_tally import ShadowTally
from gateway.snapshot import Snapshot

OK = "ok"
SKIPPED_SIZE = "skipped_size"
# The last 12 hex digits of a decision's id (UUIDv7) are random.
SAMPLE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class ShadowCopy:
    """One answered request, to be sent to one shadow version."""

    snapshot: Snapshot
    decision_id: str
    version: str
    rows: list[Row]
    outputs: dict[str, list[Any]]
    entities: Entities | None = None


@dataclass(frozen=True, slots=True)
class ShadowLimits:
    """``sample`` is the share of decisions that is mirrored; the rest is per shadow version."""

    sample: float
    queue: int
    concurrency: int
    deadline_s: float
    max_rows: int
    max_bytes: int
    tolerance: Tolerance


@dataclass(slots=True)
class _Line:
    """What waits for, and is with, one shadow version: a hung one costs the others nothing."""

    waiting: deque[tuple[ShadowCopy, float]] = field(default_factory=deque)
    in_flight: int = 0


class ShadowMirror:
    """Per shadow version at most ``concurrency`` copies at a time, at most ``queue`` waiting."""

    def __init__(self, log: DecisionLog, limits: ShadowLimits, overload: Overload) -> None:
        self.tally = ShadowTally()
        self._log = log
        self._limits = limits
        self._overload = overload
        self._lines: dict[str, _Line] = {}
        self._looking_up: set[asyncio.Task[None]] = set()

    def mirror(self, copy: ShadowCopy) -> None:
        """Take a copy, or drop and count it; never raises, never waits."""
        limits = self._limits
        if not is_sampled(copy.decision_id, limits.sample):
            self._drop(copy, "sampled_out")
            return
        if self._overload.stands:
            self._drop(copy, "overload")
            return
        if len(copy.rows) > limits.max_rows:
            self._skip_for_size(copy)
            return
        line = self._lines.get(copy.version)
        if line is None:
            line = self._lines[copy.version] = _Line()
        until = monotonic() + limits.deadline_s
        if line.in_flight < limits.concurrency:
            self._send(line, copy, until)
        elif len(line.waiting) < limits.queue:
            line.waiting.append((copy, until))
        else:
            self._drop(copy, "queue")

    def _send(self, line: _Line, copy: ShadowCopy, until: float) -> None:
        lane = copy.snapshot.lanes.get(copy.version)
        packer = copy.snapshot.packers.get(copy.version)
        if lane is None or packer is None:
            self._drop(copy, "unavailable")
            return
        if packer.views and copy.snapshot.features is not None:
            line.in_flight += 1
            work = self._look_up(line, copy, lane, packer, copy.snapshot.features, until)
            task = asyncio.create_task(work)
            self._looking_up.add(task)
            task.add_done_callback(self._looking_up.discard)
        else:
            self._submit(line, copy, lane, partial(packer.pack, copy.rows), until)

    async def _look_up(
        self,
        line: _Line,
        copy: ShadowCopy,
        lane: Lane,
        packer: Packer,
        features: FeatureLookup,
        until: float,
    ) -> None:
        """What the shadow's own schema reads from views, which need not be what stable's does."""
        try:
            found = await features.find(packer.views, copy.entities, len(copy.rows), until)
        finally:
            line.in_flight -= 1
        self._submit(line, copy, lane, partial(packer.pack_known, copy.rows, found.rows), until)
        self._send_waiting(line, copy.version)

    def _submit(
        self,
        line: _Line,
        copy: ShadowCopy,
        lane: Lane,
        pack: Callable[[], tuple[bytes, ...]],
        until: float,
    ) -> None:
        try:
            tensors = pack()
        except LaneError as error:
            self._fail(copy, error.counted_as, 0)
            return
        if sum(map(len, tensors)) > self._limits.max_bytes:
            self._skip_for_size(copy)
            return
        started = monotonic()
        if started >= until:
            self._drop(copy, "late")
            return
        try:
            future = lane.submit(tensors, len(copy.rows), until, Priority.SHADOW)
        except LaneError as error:
            self._fail(copy, error.counted_as, 0)
            return
        line.in_flight += 1
        future.add_done_callback(
            lambda done: self._finish(line, copy, done, int((monotonic() - started) * 1e6))
        )

    def _finish(
        self,
        line: _Line,
        copy: ShadowCopy,
        done: "asyncio.Future[LaneAnswer]",
        latency_us: int,
    ) -> None:
        line.in_flight -= 1
        error = done.exception()
        if error is None:
            outputs = done.result().outputs
            comparison = compare(copy.outputs, outputs, self._limits.tolerance)
            self.tally.compare(copy.version, comparison)
            self._record(copy, OK, latency_us, outputs, comparison)
        else:
            status = error.counted_as if isinstance(error, LaneError) else "error"
            self._fail(copy, status, latency_us)
        self._send_waiting(line, copy.version)

    def _send_waiting(self, line: _Line, version: str) -> None:
        while line.waiting and line.in_flight < self._limits.concurrency:
            self._send(line, *line.waiting.popleft())
        if not line.in_flight:
            self._lines.pop(version, None)

    # --- what becomes of a copy -------------------------------------------------------
    def _drop(self, copy: ShadowCopy, reason: str) -> None:
        self.tally.dropped[copy.version, reason] += 1

    def _skip_for_size(self, copy: ShadowCopy) -> None:
        self._drop(copy, "size")
        self._record(copy, SKIPPED_SIZE, 0)

    def _fail(self, copy: ShadowCopy, status: str, latency_us: int) -> None:
        self.tally.failed[copy.version, status] += 1
        self._record(copy, status, latency_us)

    def _record(
        self,
        copy: ShadowCopy,
        status: str,
        latency_us: int,
        outputs: dict[str, list[Any]] | None = None,
        comparison: Comparison | None = None,
    ) -> None:
        self._log.append_shadow(
            ShadowOutcome(
                decision_id=copy.decision_id,
                version=copy.version,
                status=status,
                latency_us=latency_us,
                outputs=outputs or {},
                comparison={} if comparison is None else comparison.measures,
                agrees=None if comparison is None else all(comparison.agrees.values()),
            )
        )


def is_sampled(decision_id: str, share: float) -> bool:
    """Whether a decision is mirrored: by its id, so every shadow sees the same decisions."""
    if share >= 1.0:
        return True
    drawn = int(decision_id[-SAMPLE_DIGITS:], 16)
    return drawn < share * float(16**SAMPLE_DIGITS)
