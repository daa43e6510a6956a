"""What the decision log holds that is not shipped yet, from the listing of its folder."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from bentos.contract.segment import CLOSED_SUFFIX, HELD_SUFFIX, OPEN_SUFFIX


@dataclass(frozen=True, slots=True)
class Backlog:
    """All workers' segments together. ``bytes`` counts open and held ones too: they fill the
    disk alike. ``oldest_age_s`` is the time since the oldest closed one was written to."""

    bytes: int = 0
    segments: int = 0
    held: int = 0
    oldest_age_s: float = 0.0


def measure(folder: Path) -> Backlog:
    """List the folder; a segment shipped meanwhile is left out."""
    total = segments = held = 0
    now = oldest = time.time()
    with os.scandir(folder) as entries:
        for entry in entries:
            suffix = os.path.splitext(entry.name)[1]  # noqa: PTH122
            if suffix not in (OPEN_SUFFIX, CLOSED_SUFFIX, HELD_SUFFIX):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            total += status.st_size
            held += suffix == HELD_SUFFIX
            if suffix == CLOSED_SUFFIX:
                segments += 1
                oldest = min(oldest, status.st_mtime)
    return Backlog(total, segments, held, now - oldest)
