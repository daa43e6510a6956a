"""Why an order got its score: what each input adds to the log-odds. Pure.

Occlusion: the order is scored again with one input at a time replaced by what is usual in this
shop (the median of its recent orders). The contribution of an input is the log-odds of the real
score minus those of the score without it. For a model whose log-odds are a sum over its inputs
that is exact; for trees it is what this input alone moves, interactions counted with each of
their inputs. Scores are taken from the same version, through the same gateway.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CUSTOMER_ID = "customer_id"
"""Stands for all that is looked up of the customer: taken away together."""
ENOUGH = 20
"""Orders it takes to say what is usual."""
LIMIT = 1e-6
"""Probabilities are kept so far from 0 and 1: their log-odds are finite then."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """In log-odds; above 0 it speaks for fraud. ``value`` is the order's, ``usual`` the shop's;
    both NaN for what was looked up, which is not known here."""

    name: str
    value: float
    usual: float
    log_odds: float


def usual_of(recent: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Median by input over recent orders; nothing while there are too few of them."""
    if len(recent) < ENOUGH:
        return {}
    names = {name for order in recent for name in order}
    values = {name: [order[name] for order in recent if name in order] for name in sorted(names)}
    return {name: statistics.median(found) for name, found in values.items()}


def occluded(
    row: Mapping[str, float], usual: Mapping[str, float]
) -> list[tuple[str, dict[str, float]]]:
    """Name → the row with that input as usual, for every input that is not usual already."""
    return [
        (name, {**row, name: usual[name]})
        for name in row
        if name in usual and usual[name] != row[name]
    ]


def contributions(
    row: Mapping[str, float],
    usual: Mapping[str, float],
    score: float,
    without: Mapping[str, float],
) -> list[Contribution]:
    """The strongest first. ``without``: input → the score with it as usual."""
    found = [
        Contribution(
            name,
            row.get(name, math.nan),
            usual.get(name, math.nan),
            log_odds(score) - log_odds(other),
        )
        for name, other in without.items()
    ]
    return sorted(found, key=lambda each: (-abs(each.log_odds), each.name))


def log_odds(probability: float) -> float:
    """Of a probability, kept finite."""
    kept = min(1.0 - LIMIT, max(LIMIT, probability))
    return math.log(kept / (1.0 - kept))
