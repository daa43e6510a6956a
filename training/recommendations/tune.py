"""Choose the blend on windows before the test's: several, so that one season does not decide."""

from itertools import pairwise, product

import numpy as np

from bentos.recommendations.schema import TOP_K
from training.fitted import Array
from training.recommendations.baskets import (
    Cases,
    Purchases,
    cases_at,
    catalogue_of,
    moment_at,
)
from training.recommendations.blend import (
    Blend,
    combine,
    own_factors,
    personal_part,
    similar_part,
    weighted_history,
)
from training.recommendations.statistics import Statistics, places_of, statistics_of

# Shares of the orders at which the windows begin; the last one ends where the test begins.
WINDOWS = (0.40, 0.55, 0.70)
SHOPPERS_PER_WINDOW = 400
DEFAULT = Blend(similar=0.1, popular=0.01, decay=1.0, repeat_power=0.5, trend_power=0.25)
SIMILAR = (0.0, 0.1)
POPULAR = (0.001, 0.01)
DECAYS = (1.0, 0.99)
REPEAT_POWERS = (0.0, 0.5, 1.0)
TREND_POWERS = (0.0, 0.25, 0.5, 1.0)


def tune(purchases: Purchases, test: int, seed: int) -> Blend:
    """The blend with the best mean NDCG@10 over the windows before ``test``.

    A shop with too few returning shoppers gets DEFAULT. ``seed`` picks the shoppers.
    """
    borders = [*(moment_at(purchases.order, purchases.moment, share) for share in WINDOWS), test]
    totals: dict[tuple[float, ...], float] = {}
    for begins, ends in pairwise(borders):
        past = purchases.where(purchases.moment < begins)
        cases = _some(cases_at(purchases, begins, ends), seed)
        if not len(past.product) or not len(cases.history):
            continue
        statistics = statistics_of(past, catalogue_of(past), begins)
        for blend, score in _scores(statistics, cases):
            totals[blend] = totals.get(blend, 0.0) + score
    if not totals:
        return DEFAULT
    best = max(totals, key=lambda blend: (round(totals[blend], 9), blend))
    decay, repeat_power, trend_power, similar, popular = best
    return Blend(
        similar=similar,
        popular=popular,
        decay=decay,
        repeat_power=repeat_power,
        trend_power=trend_power,
    )


def _scores(statistics: Statistics, cases: Cases) -> list[tuple[tuple[float, ...], float]]:
    wanted, ideal = _targets(statistics, cases)
    answers: list[tuple[tuple[float, ...], float]] = []
    for decay in DECAYS:
        places, weights = weighted_history(statistics, cases.history, decay)
        similar_scores = similar_part(statistics, places, weights)
        counts = personal_part(places, weights, own_factors(statistics, 0.0, 0.0))
        for repeat_power, trend_power in product(REPEAT_POWERS, TREND_POWERS):
            personal = counts * own_factors(statistics, repeat_power, trend_power)
            for similar, popular in product(SIMILAR, POPULAR):
                key = (decay, repeat_power, trend_power, similar, popular)
                blend = Blend(
                    similar=similar,
                    popular=popular,
                    decay=decay,
                    repeat_power=repeat_power,
                    trend_power=trend_power,
                )
                blended = combine(statistics, personal, similar_scores, blend)
                answers.append((key, _ndcg(blended[:, : statistics.size], wanted, ideal)))
    return answers


def _targets(statistics: Statistics, cases: Cases) -> tuple[Array, Array]:
    """Which places [n, K] the next basket holds, and the best gain each could have."""
    wanted = np.zeros((len(cases.history), statistics.size + 1), dtype=bool)
    gains = np.cumsum(_discounts(TOP_K))
    ideal = np.empty(len(cases.history))
    for row, basket in enumerate(cases.baskets):
        wanted[row, places_of(statistics.ids, basket)] = True
        ideal[row] = gains[min(TOP_K, len(basket)) - 1]
    return wanted[:, : statistics.size], ideal


def _ndcg(scored: Array, wanted: Array, ideal: Array) -> float:
    count = min(TOP_K, scored.shape[1])
    some = np.argpartition(-scored, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scored, some, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(some, order, axis=1)
    hits = np.take_along_axis(wanted, best, axis=1)
    return float(np.mean((hits * _discounts(count)).sum(axis=1) / ideal))


def _discounts(count: int) -> Array:
    discounts: Array = 1.0 / np.log2(np.arange(2, count + 2))
    return discounts


def _some(cases: Cases, seed: int) -> Cases:
    count = len(cases.history)
    if count <= SHOPPERS_PER_WINDOW:
        return cases
    chosen = np.random.default_rng(seed).choice(count, SHOPPERS_PER_WINDOW, replace=False)
    chosen.sort()
    return Cases(
        history=cases.history[chosen],
        baskets=[cases.baskets[i] for i in chosen],
        bought=[cases.bought[i] for i in chosen],
    )
