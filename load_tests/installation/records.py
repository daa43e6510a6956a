"""What a gateway wrote down, read from outside: its segments, and what was shipped of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from bentos.contract.decision import ShadowOutcome
from bentos.contract.segment import (
    CLOSED_SUFFIX,
    OPEN_SUFFIX,
    DecisionFrame,
    Frame,
    ShadowFrame,
    read_frames,
)


class Written(NamedTuple):
    """Where a decision stands in its gateway worker's sequence, and when it says it was."""

    gateway: str
    boot: str
    seq: int
    at: str


@dataclass
class Records:
    """Decisions by id; shadow outcomes that are not shipped yet, in no order."""

    decisions: dict[str, Written] = field(default_factory=dict)
    shadows: list[ShadowOutcome] = field(default_factory=list)
    shipped: int = 0

    def gaps(self) -> list[str]:
        """Boots whose sequence numbers do not run 0, 1, 2 …; in words."""
        by_boot: dict[tuple[str, str], list[int]] = {}
        for one in self.decisions.values():
            by_boot.setdefault((one.gateway, one.boot), []).append(one.seq)
        return [
            f"{gateway} {boot}: {len(numbers)} decisions, the last has number {max(numbers)}"
            for (gateway, boot), numbers in by_boot.items()
            if sorted(numbers) != list(range(len(numbers)))
        ]


def read_records(home: Path) -> Records:
    """Segments first, the ones being written too, then the lake: a segment is deleted only when
    the lake has it, so nothing slips through between the two."""
    records = Records()
    for path in sorted((home / "gateway" / "segments").glob("*")):
        if path.suffix in (OPEN_SUFFIX, CLOSED_SUFFIX):
            for frame in _frames(path):
                _take(frame, records)
    for path in (home / "lake" / "decisions" / "public").rglob("*.parquet"):
        rows = pq.ParquetFile(path).read(columns=["decision_id", *Written._fields]).to_pylist()
        records.shipped += len(rows)
        for row in rows:
            decision_id = row.pop("decision_id")
            records.decisions[decision_id] = Written(**row)
    return records


def _take(frame: Frame, records: Records) -> None:
    if isinstance(frame, DecisionFrame):
        one = frame.decision
        records.decisions[one.decision_id] = Written(one.gateway, one.boot, one.seq, one.at)
    elif isinstance(frame, ShadowFrame):
        records.shadows.append(frame.outcome)


def _frames(path: Path) -> Iterator[Frame]:
    """Closed or shipped since it was listed: then the closed file or the lake has it."""
    for each in (path, path.with_suffix(CLOSED_SUFFIX)):
        try:
            yield from read_frames(each)
        except FileNotFoundError:
            continue
        else:
            return
