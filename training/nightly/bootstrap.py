"""Is the challenger better than the champion, or did chance decide? A paired bootstrap. Pure.

Both are measured on the same rows. Rows are drawn anew with replacement, many times, and both
figures are computed on each draw, so what the rows have in common cancels out. Rows that belong
together (weeks of one product) are drawn together, as ``groups``.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import msgspec
import numpy as np

from bentos.contract.errors import ContractError
from training.fitted import Array

# A figure under weights, one a row: how often each row was drawn.
Figure: TypeAlias = Callable[[Array], float]

DRAWS = 2000
LEVEL = 0.95


class Verdict(StrEnum):
    """``undecided``: the interval holds the margin, so the data does not say."""

    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"


class Improvement(msgspec.Struct, frozen=True, kw_only=True):
    """Challenger minus champion, positive for better whichever way the figure runs."""

    champion: float
    challenger: float
    low: float
    middle: float
    high: float
    rows: int
    groups: int
    draws: int
    level: float


def paired(
    champion: Figure,
    challenger: Figure,
    groups: Array,
    *,
    higher_is_better: bool,
    seed: int,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Improvement:
    """The percentile interval of the improvement; equal seeds give equal intervals.

    ``groups``: one number a row. Draws on which a figure is undefined (no positive row was
    drawn) count for neither. Raises ContractError for fewer than two groups.
    """
    names, members = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ContractError("rows to compare on", "at least two groups", len(names))
    sign = 1.0 if higher_is_better else -1.0
    draw = np.random.default_rng(seed)
    differences = []
    for _ in range(draws):
        chosen = draw.integers(0, len(names), len(names))
        weights = np.bincount(chosen, minlength=len(names)).astype(np.float64)[members]
        differences.append(sign * (challenger(weights) - champion(weights)))
    known = np.asarray(differences)[np.isfinite(differences)]
    if not len(known):
        raise ContractError("rows to compare on", "rows on which both figures exist", "none")
    tail = (1.0 - level) / 2
    low, middle, high = np.quantile(known, [tail, 0.5, 1.0 - tail])
    ones = np.ones(len(groups))
    return Improvement(
        champion=champion(ones),
        challenger=challenger(ones),
        low=float(low),
        middle=float(middle),
        high=float(high),
        rows=len(groups),
        groups=len(names),
        draws=len(known),
        level=level,
    )


def decide(found: Improvement, margin: float) -> Verdict:
    """Better if the whole interval lies above the margin, worse if it lies below it and 0.

    ``margin`` is a share of the champion's figure. A negative one lets through what is not worse
    by more than that.
    """
    border = margin * abs(found.champion)
    if found.low > border:
        return Verdict.BETTER
    return Verdict.WORSE if found.high < min(border, 0.0) else Verdict.UNDECIDED


def mean_of(values: Array) -> Figure:
    """The weighted mean of one value a row."""
    known = values.astype(np.float64)

    def figure(weights: Array) -> float:
        return float(weights @ known / weights.sum())

    return figure


def average_precision(labels: Array, scores: Array) -> Figure:
    """Average precision with rows of one score taken together, as scikit-learn defines it."""
    order = np.argsort(-scores, kind="stable")
    hits, ranked = labels[order].astype(np.float64), scores[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)

    def figure(weights: Array) -> float:
        drawn = weights[order]
        found, seen = np.cumsum(drawn * hits)[ends], np.cumsum(drawn)[ends]
        if not found[-1]:
            return float("nan")
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        return float((np.diff(found, prepend=0.0) * precision).sum() / found[-1])

    return figure
