"""The write-ahead decision log: a decision is in a file before its answer leaves (contract §5).

What is decided in one turn of the event loop goes into the file with one write(2), then the
answers leave: that survives a killed process (not a lost machine; ``strict`` waits for the
disk as well). Segments rotate by size and age; one that a dead process left open is closed
by ``recovery.py``.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bentos.contract.brief_decision import BriefDecision
from bentos.contract.decision import ShadowOutcome
from bentos.contract.segment import SegmentHeader, ShadowFrame, encode_frame
from gateway.backlog import Backlog, measure
from gateway.config import LogFullPolicy, LogSync
from gateway.decision_contexts import DecisionContexts
from gateway.errors import Unavailable
from gateway.flush import Flush
from gateway.group_commit import GroupCommit, nobody
from gateway.segment_file import SegmentFile, ShortWrite

log = structlog.get_logger(__name__)

MakeDecision = Callable[[int], BriefDecision]
Kept = bool | Flush
RETRY_AFTER_FAILURE_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """A segment is closed at ``max_bytes`` or ``max_age_s``.

    ``budget_bytes`` (0: none) bounds all segments of the folder together: beyond it, which is
    looked at once a second, the log behaves as on a full disk. Nothing unshipped is deleted.
    """

    max_bytes: int
    max_age_s: float
    budget_bytes: int = 0


class DecisionLog:
    """Appends decisions of one process (one ``boot``); ``seq`` is gapless from 0."""

    def __init__(
        self,
        folder: Path,
        gateway: str,
        boot: str,
        *,
        policy: LogFullPolicy,
        limits: Limits,
        sync: LogSync = LogSync.DEFAULT,
        calls: Callable[[], int] = nobody,
    ) -> None:
        """``calls``: how many are being answered now and may yet come to be written."""
        self.boot = boot
        self.written = 0
        self.lost = 0
        self.strict = sync is LogSync.STRICT
        self.backlog = Backlog()
        self.contexts = DecisionContexts()
        "What the decisions written here have in common, by the numbers they name it by."
        self._folder = folder
        self._gateway = gateway
        self._policy = policy
        self._limits = limits
        self._over_budget = False
        self._failed_at: float | None = None
        self._seq = 0
        self._turn: list[bytes] = []
        self._named: list[int] = []
        "The context of each of the turn's decisions."
        self._waiting: list[asyncio.Future[Kept]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        "The running one, while a turn has something to write."
        self._opened = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._commit = GroupCommit(folder, self._abandon, calls) if self.strict else None
        self._segment: SegmentFile | None = self._open()

    @property
    def full(self) -> bool:
        """Whether decisions cannot be written now: disk full or broken, or over budget."""
        return self._over_budget or self._failed_at is not None

    async def write(self, make_decision: MakeDecision) -> Kept:
        """Write one decision; ``make_decision`` gets its sequence number, and takes the number of
        its context from ``contexts``.

        True when it is in the file, and that is all that ``sync`` wants; under ``strict`` the
        flush that ``on_disk`` waits for. When it cannot be written: False under ``serve`` (the
        answer then says ``logged: false``), Unavailable under ``refuse``.
        """
        decision = make_decision(self._seq + len(self._turn))
        self._turn.append(encode_frame(decision))
        self._named.append(decision.context)
        if self._loop is None:
            # Once a turn: to ask for the running loop is a system call.
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._end_turn)
        written: asyncio.Future[Kept] = self._loop.create_future()
        self._waiting.append(written)
        return await written or self._not_logged()

    async def on_disk(self, flush: Flush) -> bool:
        """Wait for the disk; where that fails, as ``write`` has it."""
        return await flush.durable() or self._not_logged()

    def _end_turn(self) -> None:
        """Write what was decided in this turn of the loop."""
        self._loop = None
        frames, self._turn = self._turn, []
        named, self._named = self._named, []
        waiting, self._waiting = self._waiting, []
        logged = self._write_decisions(frames, named)
        self.contexts.end_turn()
        kept: Kept = True
        if self._commit is not None and logged:
            # Asked for in the turn of the write: no flush that failed in between is overlooked.
            kept = flush = Flush(asyncio.get_running_loop())
            self._commit.wait(len(waiting)).add_done_callback(
                lambda done: flush.settle(durable=done.result())
            )
        for place, future in enumerate(waiting):
            # A caller that hung up no longer waits.
            if not future.done():
                future.set_result(kept if place < logged else False)

    def _write_decisions(self, frames: list[bytes], named: list[int]) -> int:
        """How many of the frames, from the first on, are in the file."""
        logged, segment, groups = 0, self._segment, [(frames, named)]
        if len(frames) != 1 and (segment is None or not self._fits(segment, frames, named)):
            groups = [([frame], [each]) for frame, each in zip(frames, named, strict=True)]
        for group, contexts in groups:
            count = self._write(group, contexts)
            self._seq += count
            logged += count
            # After one that failed none may follow: sequence numbers have no gaps.
            if count < len(group):
                break
        self.written += logged
        return logged

    def _fits(self, segment: SegmentFile, frames: list[bytes], named: list[int]) -> bool:
        whole = self.contexts.before(frames, named, segment.contexts)
        return segment.size + sum(map(len, whole)) <= self._limits.max_bytes

    def append_shadow(self, outcome: ShadowOutcome) -> bool:
        """Write a shadow's outcome beside the decisions; False where that fails."""
        return self._write([encode_frame(ShadowFrame(outcome))], []) == 1

    def tend(self) -> None:
        """Called on a timer: close an old segment, look at what is not shipped yet."""
        try:
            self.rotate_if_due()
            self.backlog = measure(self._folder)
            self._keep_to_budget()
        except OSError as error:
            log.error("decision_log_cannot_be_tended", error=str(error))

    def rotate_if_due(self) -> None:
        """Close the segment when it is old and holds something; the next write opens another."""
        segment = self._segment
        if segment is not None and time.monotonic() - segment.opened > self._limits.max_age_s:
            self._close_if_used()

    def close(self) -> None:
        """Close the current segment for good."""
        self._end_turn()
        try:
            self._close_segment()
            if self._commit is not None:
                self._commit.close()
        except OSError as error:
            log.error("decision_log_cannot_close", error=str(error))

    def metrics(self) -> Iterator[tuple[str, str, dict[str, str], float]]:
        """Gauges as of the last ``tend``. All but the first are about the folder, which all
        workers of a home share."""
        prefix, backlog = "signalbox_gateway_decision_log", self.backlog
        yield f"{prefix}_full", "1 while decisions cannot be written.", {}, self.full
        yield f"{prefix}_bytes", "Bytes of all segments not shipped yet.", {}, backlog.bytes
        yield f"{prefix}_segments", "Closed segments not shipped yet.", {}, backlog.segments
        yield f"{prefix}_held", "Segments set aside for a person to look at.", {}, backlog.held
        text = "Seconds since the oldest closed segment was written to; 0 with none."
        yield f"{prefix}_lag_seconds", text, {}, backlog.oldest_age_s

    def _not_logged(self) -> bool:
        self.lost += 1
        if self._policy is LogFullPolicy.REFUSE:
            raise Unavailable("decision log: expected to be writable, got a write error")
        return False

    def _write(self, frames: list[bytes], named: list[int]) -> int:
        """How many of the frames, from the first on, are in the file: after the contexts named."""
        if self.full and not self._may_try():
            return 0
        try:
            segment = self._segment
            if segment is None or not self._fits(segment, frames, named):
                segment = self._rotate()
            segment.write(self.contexts.before(frames, named, segment.contexts))
            segment.contexts.update(named)
        except OSError as error:
            self._fail(error)
            if self._segment is not None and self._segment.torn:
                self._close_segment()
            return error.kept if isinstance(error, ShortWrite) else 0
        if self._failed_at is not None:
            self._failed_at = None
            log.info("decision_log_writes_again", lost=self.lost)
        return len(frames)

    def _may_try(self) -> bool:
        """A failing disk is tried again now and then, not by every request."""
        if self._over_budget or self._failed_at is None:
            return False
        return time.monotonic() - self._failed_at >= RETRY_AFTER_FAILURE_S

    def _fail(self, error: OSError) -> None:
        self._failed_at = time.monotonic()
        log.error("decision_log_cannot_write", error=str(error), lost=self.lost)

    def _abandon(self, error: OSError) -> None:
        """A flush failed: leave the segment, whose pages the kernel may have dropped."""
        self._fail(error)
        self._close_segment(flushed=False)

    def _keep_to_budget(self) -> None:
        budget = self._limits.budget_bytes
        over = 0 < budget < self.backlog.bytes
        if over != self._over_budget:
            self._over_budget = over
            report = log.error if over else log.info
            event = "decision_log_over_budget" if over else "decision_log_within_budget"
            report(event, bytes=self.backlog.bytes, budget=budget, lost=self.lost)
        if over:
            # What is open cannot be shipped, and unless it is the budget never frees up.
            self._close_if_used()

    def _close_if_used(self) -> None:
        if self._segment is not None and self._segment.used:
            self._close_segment()

    def _rotate(self) -> SegmentFile:
        self._close_segment()
        self._segment = self._open()
        return self._segment

    def _open(self) -> SegmentFile:
        header = SegmentHeader(
            gateway=self._gateway,
            boot=self.boot,
            first_seq=self._seq,
            opened_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        name = f"{self._gateway}-{self.boot}-{self._opened:06d}"
        segment = SegmentFile(self._folder, name, header)
        self._opened += 1
        if self._commit is not None:
            self._commit.follow(segment.file)
        return segment

    def _close_segment(self, *, flushed: bool = True) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            segment.finish()
        except OSError as error:
            # It stays open by name; nobody holds it, so the shipper will close it.
            log.error("segment_cannot_be_closed", error=str(error))
        if self._commit is None:
            _let_go(segment.file, os.close)
        elif flushed:
            self._commit.retire(segment.file)
        else:
            _let_go(segment.file, self._commit.discard)


def _let_go(file: int, close: Callable[[int], None]) -> None:
    """close(2) may tell of an error of an earlier write (NFS, quotas); it closes all the same,
    and whoever waits for the turn is answered."""
    try:
        close(file)
    except OSError as error:
        log.error("segment_closed_with_an_error", error=str(error))
