"""Copies of answered requests to shadow versions; the result lies beside the decision.

Nothing here can slow, fail or change an answer: it starts after the answer left, from a
bounded queue with its own cap and deadline. Drops are counted, never silent.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any

from bentos.contract.decision import ShadowOutcome
from gateway.batch import LaneAnswer
from gateway.decision_log import DecisionLog
from gateway.errors import LaneError
from gateway.feature_lookup import Entities, FeatureLookup
from gateway.lane import Lane
from gateway.lane_pressure import Priority
from gateway.packing import Packer
from gateway.rows import Row
from gateway.snapshot import Snapshot

# Two versions "agree" where numbers differ by at most this (absolute, or relative beyond 1)
NUMBER_TOLERANCE = 0.05
# and where at least this share of the other elements (ids, labels) is equal.
EQUAL_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class ShadowCopy:
    """One answered request, to be sent to one shadow version."""

    snapshot: Snapshot
    decision_id: str
    version: str
    rows: list[Row]
    outputs: dict[str, list[Any]]
    entities: Entities | None = None


class ShadowMirror:
    """Sends copies, at most ``concurrency`` at a time, at most ``queue`` waiting."""

    def __init__(
        self, log: DecisionLog, *, queue: int, concurrency: int, deadline_s: float
    ) -> None:
        self.dropped = 0
        self.failed = 0
        self.compared = 0
        self.agreed = 0
        self._log = log
        self._queue = queue
        self._concurrency = concurrency
        self._deadline_s = deadline_s
        self._waiting: deque[ShadowCopy] = deque()
        self._in_flight = 0
        self._looking_up: set[asyncio.Task[None]] = set()

    def mirror(self, copy: ShadowCopy) -> None:
        """Take a copy, or drop and count it; never raises, never waits."""
        if self._in_flight < self._concurrency:
            self._send(copy)
        elif len(self._waiting) < self._queue:
            self._waiting.append(copy)
        else:
            self.dropped += 1

    def _send(self, copy: ShadowCopy) -> None:
        lane = copy.snapshot.lanes.get(copy.version)
        packer = copy.snapshot.packers.get(copy.version)
        if lane is None or packer is None:
            self.dropped += 1
            return
        started = asyncio.get_running_loop().time()
        if packer.views and copy.snapshot.features is not None:
            self._in_flight += 1
            work = self._look_up(copy, lane, packer, copy.snapshot.features, started)
            task = asyncio.create_task(work)
            self._looking_up.add(task)
            task.add_done_callback(self._looking_up.discard)
        else:
            self._submit(copy, lane, packer.pack(copy.rows), started)

    async def _look_up(
        self,
        copy: ShadowCopy,
        lane: Lane,
        packer: Packer,
        features: FeatureLookup,
        started: float,
    ) -> None:
        """What the shadow's own schema reads from views, which need not be what stable's does."""
        until = started + self._deadline_s
        try:
            found = await features.find(packer.views, copy.entities, len(copy.rows), until)
        finally:
            self._in_flight -= 1
        self._submit(copy, lane, packer.pack_known(copy.rows, found.rows), started)
        self._send_waiting()

    def _submit(
        self, copy: ShadowCopy, lane: Lane, tensors: tuple[bytes, ...], started: float
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            deadline = started + self._deadline_s
            future = lane.submit(tensors, len(copy.rows), deadline, Priority.SHADOW)
        except LaneError as error:
            self._record(copy, error.counted_as, 0, None)
            return
        self._in_flight += 1
        future.add_done_callback(lambda done: self._finish(copy, done, loop.time() - started))

    def _finish(self, copy: ShadowCopy, done: "asyncio.Future[LaneAnswer]", seconds: float) -> None:
        self._in_flight -= 1
        error = done.exception()
        status = error.counted_as if isinstance(error, LaneError) else "ok"
        answer = None if error else done.result()
        self._record(copy, status, int(seconds * 1e6), answer)
        self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and self._in_flight < self._concurrency:
            self._send(self._waiting.popleft())

    def _record(
        self, copy: ShadowCopy, status: str, latency_us: int, answer: LaneAnswer | None
    ) -> None:
        comparison: dict[str, float] = {}
        agrees: bool | None = None
        if answer is None:
            self.failed += 1
        else:
            comparison, agrees = compare(copy.outputs, answer.outputs)
            self.compared += 1
            self.agreed += agrees
        outputs = {} if answer is None else answer.outputs
        self._log.append_shadow(
            ShadowOutcome(
                decision_id=copy.decision_id,
                version=copy.version,
                status=status,
                latency_us=latency_us,
                outputs=outputs,
                comparison=comparison,
                agrees=agrees,
            )
        )


def compare(
    primary: dict[str, list[Any]], shadow: dict[str, list[Any]]
) -> tuple[dict[str, float], bool]:
    """Per output: largest absolute difference for floats, share of equal elements otherwise."""
    comparison: dict[str, float] = {}
    agrees = True
    for name, values in primary.items():
        ours, theirs = _flat(values), _flat(shadow.get(name, []))
        if len(ours) != len(theirs) or not ours:
            comparison[name], agrees = 0.0, False
        elif isinstance(ours[0], float):
            pairs = list(zip(ours, theirs, strict=True))
            comparison[name] = max(abs(a - b) for a, b in pairs)
            agrees &= all(abs(a - b) <= NUMBER_TOLERANCE * max(1.0, abs(a)) for a, b in pairs)
        else:
            equal = sum(a == b for a, b in zip(ours, theirs, strict=True))
            comparison[name] = equal / len(ours)
            agrees &= comparison[name] >= EQUAL_SHARE
    return comparison, agrees


def _flat(values: list[Any]) -> list[Any]:
    if values and isinstance(values[0], list):
        return [item for part in values for item in _flat(part)]
    return values
