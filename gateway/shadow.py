"""Asks shadow versions what was answered already; the result lies beside the decision.

Runs in the shadow process (``shadow_server.py``): nothing here can slow, fail or change an answer.
Per shadow version a bounded queue, a cap and a deadline; what is not compared is counted, never
silent.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

import structlog

from bentos.contract.decision import ShadowOutcome
from bentos.contract.packing import Packer
from bentos.contract.rows import Row
from gateway.batch import LaneAnswer
from gateway.decision_log import DecisionLog
from gateway.errors import LaneError
from gateway.feature_lookup import FeatureLookup
from gateway.lane import Lane
from gateway.niceness import give_way
from gateway.shadow_comparison import Comparison, Tolerance, compare
from gateway.shadow_copy import ShadowCopy
from gateway.shadow_tally import ShadowTally
from gateway.snapshot import Snapshot

log = structlog.get_logger(__name__)

OK = "ok"
SKIPPED_SIZE = "skipped_size"


@dataclass(frozen=True, slots=True)
class ShadowLimits:
    """What each shadow version is asked at most, and when two answers agree."""

    queue: int
    concurrency: int
    deadline_s: float
    max_bytes: int
    tolerance: Tolerance


@dataclass(frozen=True, slots=True)
class Question:
    """One answered request, to be put to one shadow version before ``until`` (time.monotonic)."""

    snapshot: Snapshot
    copy: ShadowCopy
    version: str
    rows: list[Row]
    until: float


@dataclass(slots=True)
class _Line:
    """What waits for, and is with, one shadow version: a hung one costs the others nothing."""

    waiting: deque[Question] = field(default_factory=deque)
    in_flight: int = 0


class ShadowMirror:
    """Per shadow version at most ``concurrency`` questions at a time, at most ``queue`` waiting."""

    def __init__(self, log: DecisionLog, limits: ShadowLimits) -> None:
        self.tally = ShadowTally()
        self._log = log
        self._limits = limits
        self._lines: dict[str, _Line] = {}
        self._looking_up: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether anything waits or is being asked."""
        return bool(self._lines)

    def mirror(self, copy: ShadowCopy, rows: list[Row], snapshot: Snapshot) -> None:
        """Ask every version of the copy, or drop and count it; never raises, never waits."""
        for version in copy.versions:
            until = copy.at + self._limits.deadline_s
            try:
                self._take(Question(snapshot, copy, version, rows, until))
            except Exception as error:
                # Said here: the loop's own handler prints an error's text, which may be a value.
                log.error("shadow_not_asked", version=version, exc_info=error)
                self.tally.failed[version, "error"] += 1

    def _take(self, question: Question) -> None:
        if not question.rows:
            self._skip_for_size(question)
            return
        line = self._lines.get(question.version)
        if line is None:
            line = self._lines[question.version] = _Line()
        try:
            if line.in_flight < self._limits.concurrency:
                self._send(line, question)
            elif len(line.waiting) < self._limits.queue:
                line.waiting.append(question)
            else:
                self._drop(question, "queue")
        finally:
            self._forget_if_idle(line, question.version)

    def _send(self, line: _Line, question: Question) -> None:
        snapshot = question.snapshot
        lane = snapshot.lanes.get(question.version)
        packer = snapshot.packers.get(question.version)
        if lane is None or packer is None:
            self._drop(question, "unavailable")
        elif monotonic() >= question.until:
            # Before the store is asked: it would count as failed what had no time left.
            self._drop(question, "late")
        elif packer.views and snapshot.features is not None:
            line.in_flight += 1
            work = self._look_up(line, question, lane, packer, snapshot.features)
            task = asyncio.create_task(work)
            self._looking_up.add(task)
            task.add_done_callback(self._looking_up.discard)
        else:
            self._submit(line, question, lane, partial(packer.pack, question.rows))

    async def _look_up(
        self,
        line: _Line,
        question: Question,
        lane: Lane,
        packer: Packer,
        features: FeatureLookup,
    ) -> None:
        """What the shadow's own schema reads from views, which need not be what stable's does."""
        rows, entities = question.rows, question.copy.entities
        try:
            found = await features.find(packer.views, entities, len(rows), question.until)
        finally:
            line.in_flight -= 1
        self._submit(line, question, lane, partial(packer.pack_known, rows, found.rows))
        self._send_waiting(line, question.version)

    def _submit(
        self, line: _Line, question: Question, lane: Lane, pack: Callable[[], tuple[bytes, ...]]
    ) -> None:
        started = monotonic()
        if started >= question.until:
            self._drop(question, "late")
            return
        try:
            tensors = pack()
            if sum(map(len, tensors)) > self._limits.max_bytes:
                self._skip_for_size(question)
                return
            future = lane.submit(tensors, len(question.rows), question.until)
        except LaneError as error:
            self._fail(question, error.counted_as, 0)
            return
        line.in_flight += 1
        future.add_done_callback(
            lambda done: self._finish(line, question, done, int((monotonic() - started) * 1e6))
        )

    def _finish(
        self,
        line: _Line,
        question: Question,
        done: "asyncio.Future[LaneAnswer]",
        latency_us: int,
    ) -> None:
        line.in_flight -= 1
        error = done.exception()
        if error is None:
            outputs = done.result().outputs
            comparison = compare(question.copy.outputs, outputs, self._limits.tolerance)
            self.tally.compare(question.version, comparison)
            self._record(question, OK, latency_us, outputs, comparison)
        else:
            status = error.counted_as if isinstance(error, LaneError) else "error"
            self._fail(question, status, latency_us)
        self._send_waiting(line, question.version)
        give_way()

    def _send_waiting(self, line: _Line, version: str) -> None:
        while line.waiting and line.in_flight < self._limits.concurrency:
            self._send(line, line.waiting.popleft())
        self._forget_if_idle(line, version)

    def _forget_if_idle(self, line: _Line, version: str) -> None:
        if not line.in_flight and not line.waiting and self._lines.get(version) is line:
            del self._lines[version]

    # --- what becomes of a question ---------------------------------------------------
    def _drop(self, question: Question, reason: str) -> None:
        self.tally.dropped[question.version, reason] += 1

    def _skip_for_size(self, question: Question) -> None:
        self._drop(question, "size")
        self._record(question, SKIPPED_SIZE, 0)

    def _fail(self, question: Question, status: str, latency_us: int) -> None:
        self.tally.failed[question.version, status] += 1
        self._record(question, status, latency_us)

    def _record(
        self,
        question: Question,
        status: str,
        latency_us: int,
        outputs: dict[str, list[Any]] | None = None,
        comparison: Comparison | None = None,
    ) -> None:
        outcome = ShadowOutcome(
            decision_id=question.copy.decision_id,
            version=question.version,
            status=status,
            latency_us=latency_us,
            outputs=outputs or {},
            comparison={} if comparison is None else comparison.measures,
            agrees=None if comparison is None else all(comparison.agrees.values()),
        )
        if not self._log.append_shadow(outcome):
            self.tally.unrecorded[question.version] += 1
