"""The write-ahead decision log: a decision is in a file before its answer leaves (contract §5).

write(2) per decision: survives a killed process (not a lost machine). Segments rotate by
size and age; an `.open` file left by a dead process is closed at the next start.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.contract.segment import (
    CLOSED_SUFFIX,
    MAGIC,
    OPEN_SUFFIX,
    DecisionFrame,
    SegmentHeader,
    ShadowFrame,
    encode_frame,
)
from gateway.config import LogFullPolicy
from gateway.errors import Unavailable

log = structlog.get_logger(__name__)

MakeDecision = Callable[[int], Decision]
RETRY_AFTER_FAILURE_S = 1.0


class DecisionLog:
    """Appends decisions of one process (one ``boot``); ``seq`` is gapless from 0."""

    def __init__(
        self,
        folder: Path,
        gateway: str,
        boot: str,
        *,
        policy: LogFullPolicy,
        max_bytes: int,
        max_age_s: float,
    ) -> None:
        self.boot = boot
        self.written = 0
        self.lost = 0
        self._folder = folder
        self._gateway = gateway
        self._policy = policy
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._seq = 0
        self._segment = 0
        self._file = -1
        self._path = folder
        self._size = 0
        self._opened = 0.0
        self._failed_at: float | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._open()

    def append(self, make_decision: MakeDecision, personal: PersonalPart) -> bool:
        """Write one decision; ``make_decision`` gets its sequence number.

        True when it is in the file. When it cannot be written: False under ``serve`` (the
        answer then says ``logged: false``), Unavailable under ``refuse``.
        """
        decision = make_decision(self._seq)
        if not self._write(encode_frame(DecisionFrame(decision, personal))):
            self.lost += 1
            if self._policy is LogFullPolicy.REFUSE:
                raise Unavailable("decision log: expected to be writable, got a write error")
            return False
        self._seq += 1
        self.written += 1
        return True

    def append_shadow(self, outcome: ShadowOutcome) -> None:
        """Write a shadow's outcome beside the decisions; a failure is counted and logged."""
        self._write(encode_frame(ShadowFrame(outcome)))

    def rotate_if_due(self) -> None:
        """Close the segment when it is old and holds something; called on a timer."""
        if self._size > len(MAGIC) and time.monotonic() - self._opened > self._max_age_s:
            self._rotate()

    def close(self) -> None:
        """Close the current segment for good."""
        if self._file >= 0:
            self._close_segment()

    def _write(self, data: bytes) -> bool:
        now = time.monotonic()
        if self._failed_at is not None and now - self._failed_at < RETRY_AFTER_FAILURE_S:
            return False
        try:
            if self._file < 0 or self._size + len(data) > self._max_bytes:
                self._rotate()
            written = os.write(self._file, data)
            if written != len(data):
                self._cut_torn_frame()
                raise OSError(f"{written} of {len(data)} bytes written")
        except OSError as error:
            self._failed_at = now
            log.error("decision_log_cannot_write", error=str(error))
            return False
        self._failed_at = None
        self._size += len(data)
        return True

    def _cut_torn_frame(self) -> None:
        """A torn frame would hide what follows: cut it off, or leave the segment for good."""
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            self._close_segment()

    def _rotate(self) -> None:
        if self._file >= 0:
            self._close_segment()
        self._open()

    def _open(self) -> None:
        name = f"{self._gateway}-{self.boot}-{self._segment:06d}{OPEN_SUFFIX}"
        self._path = self._folder / name
        header = SegmentHeader(
            gateway=self._gateway,
            boot=self.boot,
            first_seq=self._seq,
            opened_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        )
        start = MAGIC + encode_frame(header)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(file, start) != len(start):
                raise OSError(f"no room for the header of {self._path.name}")
        except OSError:
            os.close(file)
            self._path.unlink()
            raise
        self._file = file
        self._segment += 1
        self._size = len(start)
        self._opened = time.monotonic()

    def _close_segment(self) -> None:
        os.close(self._file)
        self._file = -1
        self._path.replace(self._path.with_suffix(CLOSED_SUFFIX))


def close_left_open(folder: Path, gateway: str) -> None:
    """Close segments a dead process of this gateway left open; readers stop at torn tails."""
    for path in folder.glob(f"{gateway}-*{OPEN_SUFFIX}"):
        path.replace(path.with_suffix(CLOSED_SUFFIX))
