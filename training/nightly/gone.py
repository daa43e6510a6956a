"""What a night let go of: how much of each place, what it was called, and by which rule."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec

from training.nightly.settings import NightlySettings

RULES = {
    "fits": "nightly_keep_fits_days",
    "exports": "nightly_keep_fits_days",
    "features": "nightly_keep_features_days",
    "snapshots": "nightly_keep_datasets_days",
    "orders": "nightly_keep_lines_days",
}
"""Place of the lake → the setting that says how long it is kept."""
WITNESS = "witness"
NO_DATASET = "no dataset stands that may hold them"
MOST_NAMED = 100


class Went(msgspec.Struct, frozen=True, kw_only=True):
    """``count`` things of a ``place`` went by ``rule``, a setting of so many ``days`` (or words,
    where time alone does not say it). ``names``: the first of them; rows have none."""

    place: str
    count: int
    rule: str
    days: float | None = None
    names: tuple[str, ...] = ()


class Gone:
    """Noted as it goes."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._names: defaultdict[str, list[str]] = defaultdict(list)

    def note(self, place: str, name: str) -> None:
        """One thing went."""
        self.counts[place] += 1
        if len(self._names[place]) < MOST_NAMED:
            self._names[place].append(name)

    def note_rows(self, place: str, count: int) -> None:
        """So many rows went out of a file that stays."""
        if count:
            self.counts[place] += count

    def told(self, nightly: NightlySettings) -> Iterator[Went]:
        """By place."""
        for place, count in sorted(self.counts.items()):
            setting = RULES.get(place)
            yield Went(
                place=place,
                count=count,
                rule=NO_DATASET if setting is None else f"SIGNALBOX_{setting.upper()}",
                days=None if setting is None else float(getattr(nightly, setting)),
                names=tuple(self._names[place]),
            )
