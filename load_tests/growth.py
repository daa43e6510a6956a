"""Whether something grows: a slope that a few odd samples cannot bend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

# Below this, allocator and page cache move by themselves.
FLOOR = 1_048_576
SHARE = 0.02
MOST_SAMPLES = 400


@dataclass(frozen=True, slots=True)
class Sample:
    """``at`` in seconds, ``size`` in bytes."""

    at: float
    size: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Of the second half of a run: bytes per minute, bytes over the half, and the limit."""

    per_minute: float
    total: float
    limit: float

    @property
    def grows(self) -> bool:
        """Whether the half grew by more than the limit."""
        return self.total > self.limit


def growth(samples: Sequence[Sample]) -> Growth:
    """Judge the second half of ``samples`` by the median of its pairwise slopes (Theil–Sen).

    Up to 29 % of the samples may be anything. The first half is for caches to fill.
    """
    half = list(samples[len(samples) // 2 :])
    half = half[:: len(half) // MOST_SAMPLES + 1]
    if len(half) < 3:
        return Growth(0.0, 0.0, FLOOR)
    slope = median(
        (later.size - earlier.size) / (later.at - earlier.at)
        for earlier, later in combinations(half, 2)
    )
    limit = max(FLOOR, SHARE * median(sample.size for sample in half))
    return Growth(slope * 60, slope * (half[-1].at - half[0].at), limit)
