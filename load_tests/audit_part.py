"""What one part of ``make bench-audit`` found, and how its times are summed up."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from load_tests.floors import Claim


@dataclass(frozen=True)
class Part:
    """``figures``: what is told beside the claims, by what it is (with its unit)."""

    claims: list[Claim]
    figures: dict[str, float | int | str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of the sorted values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
