"""A histogram whose numbers lie where other workers can read them."""

from bisect import bisect_left

from gateway.shared_values import Key, SharedValues

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Histogram:
    """Bound to one label set once; an observation is two additions."""

    __slots__ = ("_bounds", "_cells")

    def __init__(
        self,
        shared: SharedValues,
        name: str,
        text: str,
        labels: dict[str, str],
        bounds: tuple[float, ...] = SECONDS,
    ) -> None:
        self._bounds = bounds
        self._cells = shared.cells(Key(name, text, tuple(labels.items()), bounds))

    def observe(self, value: float) -> None:
        """Count one value."""
        cells = self._cells
        cells[bisect_left(self._bounds, value)] += 1.0
        cells[-1] += value
