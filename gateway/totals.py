"""The numbers of all workers of a gateway, added up: of the living and of the dead."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.sample import Over
from gateway.shared_values import Key, read
from gateway.worker_slot import is_held, is_worker, slots

_COMBINE: dict[Over, Callable[[float, float], float]] = {
    Over.SUM: lambda a, b: a + b,
    Over.MAX: max,
    Over.MIN: min,
}


@dataclass(frozen=True)
class Totals:
    """Counters over every worker there was, gauges over those that live."""

    values: dict[Key, list[float]]
    workers: int

    @classmethod
    def of(cls, folder: Path) -> "Totals":
        """Read every slot of a gateway."""
        values: dict[Key, list[float]] = {}
        workers = 0
        for path in slots(folder):
            lives = is_held(path)
            workers += lives and is_worker(path)
            for key, cells in read(path):
                if key.over is None:
                    known = values.setdefault(key, [0.0] * len(cells))
                    known[:] = [a + b for a, b in zip(known, cells, strict=True)]
                elif lives and not math.isnan(cells[0]):
                    combine = _COMBINE[key.over]
                    values[key] = [combine(values[key][0], cells[0])] if key in values else cells
        return cls(values, workers)

    def count(self, name: str, **labels: str) -> int:
        """One counter; 0 before anything was counted."""
        return sum(self._of(name, labels).values())

    def by(self, name: str, label: str, **labels: str) -> dict[str, int]:
        """A counter by one of its labels."""
        found: dict[str, int] = {}
        for key, count in self._of(name, labels).items():
            value = dict(key.labels)[label]
            found[value] = found.get(value, 0) + count
        return found

    def _of(self, name: str, labels: dict[str, str]) -> dict[Key, int]:
        return {
            key: int(cells[0])
            for key, cells in self.values.items()
            if key.name == name and labels.items() <= dict(key.labels).items()
        }
