"""What became of datasets through redactions; the records are read once a night."""

from pathlib import Path
from typing import Self

import msgspec

from bentos import redaction_files
from training.nightly.stuck import Stuck


class Became(msgspec.Struct, frozen=True, kw_only=True):
    """Digest → digest of what was left, None for nothing. ``unread``: record → why nobody can
    read it; then any dataset may have become any other."""

    datasets: dict[str, str | None] = {}
    unread: dict[str, str] = {}

    @classmethod
    def of(cls, lake: Path) -> Self:
        """By all records there are."""
        datasets: dict[str, str | None] = {}
        stuck = Stuck()
        for path in redaction_files.record_files(lake):
            with stuck.named(f"redactions/{path.name}"):
                datasets |= redaction_files.read_record(path).snapshots
        return cls(datasets=datasets, unread=dict(stuck.why))
