"""Which datasets may still hold what gone order lines told; pure but for its one small file.

A dataset is made from lines that are there. So a row of lines that went at some moment can only be
in datasets that stood then, and in what redactions left of these: once none of them stands, nobody
needs the row any more. Of each dataset it is enough to know when it was first seen.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from training import atomic

FILE = "datasets.json"
NEVER = "9999"
"""Later than every moment."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Dataset → moment it was first seen standing, as text that sorts by time. ``at``: when
    somebody looked last."""

    at: str = ""
    datasets: dict[str, str] = {}

    def now(
        self, standing: Collection[str], became: Mapping[str, str | None], moment: datetime
    ) -> "Seen":
        """Those that stand at ``moment`` (aware). What a redaction left of a dataset was there as
        long as that. A clock that went back makes nothing younger than what is known."""
        at = max(f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", self.at)
        since = dict(self.datasets)
        for old, first in self.datasets.items():
            left = became.get(old)
            while left is not None:
                since[left] = min(first, since.get(left, NEVER))
                left = became.get(left)
        return Seen(at=at, datasets={each: since.get(each, at) for each in sorted(standing)})

    @property
    def oldest(self) -> str:
        """What went before it is in none of them."""
        return min(self.datasets.values(), default=NEVER)


def standing(snapshots: Path) -> set[str]:
    """Datasets that are there, also under the hidden name of one that is being removed."""
    found = snapshots.iterdir() if snapshots.is_dir() else ()
    return {place.name.lstrip(".").partition(".")[0] for place in found if place.is_dir()}


def load(folder: Path) -> Seen:
    """What was seen last. Raises msgspec.MsgspecError, OSError."""
    path = folder / FILE
    return msgspec.json.decode(path.read_bytes(), type=Seen) if path.is_file() else Seen()


def save(folder: Path, seen: Seen) -> None:
    """Before rows are written that it is about."""
    atomic.write_bytes(folder / FILE, msgspec.json.encode(seen))
