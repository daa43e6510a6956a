"""The gateway's write-ahead segments, read from outside: are all decisions there?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bentos.contract.segment import (
    CLOSED_SUFFIX,
    OPEN_SUFFIX,
    DecisionFrame,
    Frame,
    ShadowFrame,
    read_frames,
)


@dataclass
class ShadowTally:
    """Outcomes of one shadow version; ``compared`` of them were held against an answer."""

    outcomes: int = 0
    ok: int = 0
    compared: int = 0
    agreed: int = 0

    @property
    def agreement(self) -> float | None:
        """Share of the compared outcomes that agree; None when none was compared."""
        return self.agreed / self.compared if self.compared else None


class Records:
    """Segments of one run: those there were before it are left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = {path.stem for path in self._paths()}

    def found(self, wanted: Iterable[UUID]) -> int:
        """How many of these decisions are recorded."""
        # 16 bytes a decision instead of a whole record.
        recorded = {
            UUID(frame.decision.decision_id).bytes
            for path in self._new()
            for frame in _frames(path)
            if isinstance(frame, DecisionFrame)
        }
        return sum(decision.bytes in recorded for decision in wanted)

    def shadows(self) -> dict[str, ShadowTally]:
        """Shadow outcomes by version."""
        tallies: dict[str, ShadowTally] = {}
        for path in self._new():
            for frame in _frames(path):
                if isinstance(frame, ShadowFrame):
                    tally = tallies.setdefault(frame.outcome.version, ShadowTally())
                    _count(tally, frame)
        return tallies

    def _new(self) -> list[Path]:
        return [path for path in self._paths() if path.stem not in self._before]

    def _paths(self) -> list[Path]:
        return sorted(
            path for path in self._folder.glob("*") if path.suffix in (OPEN_SUFFIX, CLOSED_SUFFIX)
        )


def _frames(path: Path) -> Iterator[Frame]:
    try:
        yield from read_frames(path)
    except FileNotFoundError:
        # Closed since it was listed.
        yield from read_frames(path.with_suffix(CLOSED_SUFFIX))


def _count(tally: ShadowTally, frame: ShadowFrame) -> None:
    outcome = frame.outcome
    tally.outcomes += 1
    tally.ok += outcome.status == "ok"
    if outcome.agrees is not None:
        tally.compared += 1
        tally.agreed += outcome.agrees
