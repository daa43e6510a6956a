"""What a gateway wrote down, read from outside: every decision by its id."""

from dataclasses import dataclass, field
from pathlib import Path

from bentos.contract.decision import Decision, ShadowOutcome
from bentos.contract.segment import (
    CLOSED_SUFFIX,
    OPEN_SUFFIX,
    DecisionFrame,
    ShadowFrame,
    read_frames,
)


@dataclass
class Records:
    """Decisions by id and shadow outcomes, in the order they were written per boot."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    shadows: list[ShadowOutcome] = field(default_factory=list)

    def gaps(self) -> list[str]:
        """Boots whose sequence numbers do not run 0, 1, 2 …; in words."""
        by_boot: dict[tuple[str, str], list[int]] = {}
        for decision in self.decisions.values():
            by_boot.setdefault((decision.gateway, decision.boot), []).append(decision.seq)
        return [
            f"{gateway} {boot}: {len(numbers)} decisions, the last has number {max(numbers)}"
            for (gateway, boot), numbers in by_boot.items()
            if sorted(numbers) != list(range(len(numbers)))
        ]


def read_records(segments: Path) -> Records:
    """Read every segment of a folder, the ones being written too."""
    records = Records()
    for path in sorted(segments.glob("*")):
        if path.suffix in (OPEN_SUFFIX, CLOSED_SUFFIX):
            _read(path, records)
    return records


def _read(path: Path, records: Records) -> None:
    try:
        frames = list(read_frames(path))
    except FileNotFoundError:
        # Closed since it was listed.
        frames = list(read_frames(path.with_suffix(CLOSED_SUFFIX)))
    for frame in frames:
        if isinstance(frame, DecisionFrame):
            records.decisions[frame.decision.decision_id] = frame.decision
        elif isinstance(frame, ShadowFrame):
            records.shadows.append(frame.outcome)
