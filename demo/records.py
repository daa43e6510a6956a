"""What the gateway recorded, read from outside: its segments, and what was shipped of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq

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

    def count(self, status: str, agrees: bool | None) -> None:
        """One more outcome."""
        self.outcomes += 1
        self.ok += status == "ok"
        if agrees is not None:
            self.compared += 1
            self.agreed += agrees


class Records:
    """Records of one run: processes that wrote before it (their ``boot``) are left out.

    The shipper deletes a segment only when its files are in the lake, so whoever reads the
    segments first and the lake second misses nothing; what is in both is counted once.
    """

    def __init__(self, home: Path) -> None:
        self._segments = home / "gateway" / "segments"
        self._lake = home / "lake" / "decisions"
        paths = [*self._segment_paths(), *self._lake.rglob("*.parquet")]
        self._before = {_boot(path) for path in paths}

    def found(self, wanted: Iterable[UUID]) -> int:
        """How many of these decisions are recorded."""
        # 16 bytes a decision instead of a whole record.
        recorded = {
            UUID(frame.decision.decision_id).bytes
            for path in self._new(self._segment_paths())
            for frame in _frames(path)
            if isinstance(frame, DecisionFrame)
        }
        for rows in self._shipped("public", "decision_id"):
            recorded.update(UUID(row["decision_id"]).bytes for row in rows)
        return sum(decision.bytes in recorded for decision in wanted)

    def shipped(self) -> int:
        """How many decisions are in the lake."""
        return sum(len(rows) for rows in self._shipped("public", "seq"))

    def shadows(self) -> dict[str, ShadowTally]:
        """Shadow outcomes by version."""
        tallies: dict[str, ShadowTally] = {}
        seen: set[tuple[str, str]] = set()

        def count(decision_id: str, version: str, status: str, agrees: bool | None) -> None:
            if (decision_id, version) not in seen:
                seen.add((decision_id, version))
                tallies.setdefault(version, ShadowTally()).count(status, agrees)

        for path in self._new(self._segment_paths()):
            for frame in _frames(path):
                if isinstance(frame, ShadowFrame):
                    outcome = frame.outcome
                    count(outcome.decision_id, outcome.version, outcome.status, outcome.agrees)
        for rows in self._shipped("shadow", "decision_id", "version", "status", "agrees"):
            for row in rows:
                count(**row)
        return tallies

    def _shipped(self, kind: str, *columns: str) -> Iterator[list[dict[str, Any]]]:
        for path in self._new((self._lake / kind).rglob("*.parquet")):
            yield pq.ParquetFile(path).read(columns=list(columns)).to_pylist()

    def _new(self, paths: Iterable[Path]) -> list[Path]:
        return [path for path in paths if _boot(path) not in self._before]

    def _segment_paths(self) -> list[Path]:
        return sorted(
            path for path in self._segments.glob("*") if path.suffix in (OPEN_SUFFIX, CLOSED_SUFFIX)
        )


def _boot(path: Path) -> str:
    """Gateway and boot: everything in a name but the number at its end."""
    return path.stem.rpartition("-")[0]


def _frames(path: Path) -> Iterator[Frame]:
    """Nothing when it was shipped since it was listed: then the lake has it."""
    for each in (path, path.with_suffix(CLOSED_SUFFIX)):
        try:
            yield from read_frames(each)
        except FileNotFoundError:
            continue
        else:
            return
