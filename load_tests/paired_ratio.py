"""How much a treatment changes a figure: paired measurements, one interval.

Each pair is measured back to back, so what else the machine does mostly cancels. Ratios are
compared by their logarithms: halving and doubling are equally far.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# 97.5 % quantiles of Student's t for 1, 2, … 30 degrees of freedom; beyond that the normal's.
T_QUANTILES = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
NORMAL_QUANTILE = 1.960


@dataclass(frozen=True)
class PairedRatio:
    """treated / base: the geometric mean over pairs and its 95 % interval."""

    estimate: float
    low: float
    high: float
    pairs: int


def paired_ratio(base: Sequence[float], treated: Sequence[float]) -> PairedRatio:
    """The ratio of paired positive figures; raises ValueError for fewer than two pairs."""
    if len(base) != len(treated) or len(base) < 2:
        raise ValueError(f"expected two or more pairs, got {len(base)} and {len(treated)}")
    logs = [math.log(after / before) for before, after in zip(base, treated, strict=True)]
    mean = statistics.fmean(logs)
    freedom = len(logs) - 1
    quantile = T_QUANTILES[freedom - 1] if freedom <= len(T_QUANTILES) else NORMAL_QUANTILE
    half = quantile * statistics.stdev(logs) / math.sqrt(len(logs))
    return PairedRatio(math.exp(mean), math.exp(mean - half), math.exp(mean + half), len(logs))
