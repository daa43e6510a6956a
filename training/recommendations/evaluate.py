"""Recall and NDCG on the next basket, and the two baselines a recommender has to beat."""

import numpy as np

from bentos.recommendations.schema import TOP_K
from training.fitted import Array
from training.recommendations.baskets import Cases
from training.recommendations.statistics import Statistics, places_of


def gains_of(recommended: Array, cases: Cases) -> Array:
    """NDCG@10 of each shopper."""
    discounts = 1.0 / np.log2(np.arange(2, TOP_K + 2))
    gains = []
    for ids, basket in zip(recommended, cases.baskets, strict=True):
        wanted = set(basket.tolist())
        hits = np.array([product in wanted for product in ids.tolist()])
        gains.append((discounts[: len(hits)] * hits).sum() / discounts[: len(wanted)].sum())
    return np.asarray(gains, dtype=np.float64)


def next_basket_metrics(recommended: Array, cases: Cases) -> dict[str, float]:
    """Means over shoppers: recall@10, NDCG@10, hits, and how much of it is repeat or new."""
    recalls, repeat, explore = [], [], []
    for ids, basket, bought in zip(recommended, cases.baskets, cases.bought, strict=True):
        wanted = set(basket.tolist())
        hits = np.array([product in wanted for product in ids.tolist()])
        recalls.append(hits.sum() / len(wanted))
        known = wanted & set(bought.tolist())
        found = set(ids.tolist()) & wanted
        if known:
            repeat.append(len(found & known) / len(known))
        if wanted - known:
            explore.append(len(found - known) / len(wanted - known))
    return {
        "recall_at_10": float(np.mean(recalls)),
        "ndcg_at_10": float(np.mean(gains_of(recommended, cases))),
        "repeat_recall_at_10": float(np.mean(repeat)) if repeat else 0.0,
        "explore_recall_at_10": float(np.mean(explore)) if explore else 0.0,
        "shoppers": float(len(recalls)),
    }


def top_popular(statistics: Statistics, rows: int) -> Array:
    """The same ten most popular products for everybody."""
    best = np.argsort(-statistics.popularity[: statistics.size], kind="stable")[:TOP_K]
    return np.tile(statistics.ids[best], (rows, 1))


def personal_frequency(statistics: Statistics, purchases: list[Array]) -> Array:
    """What each bought most often, ties and free places by popularity."""
    answers = []
    for bought in purchases:
        places = places_of(statistics.ids, bought)
        counts = np.bincount(places, minlength=statistics.size + 1)[: statistics.size]
        order = np.lexsort((-statistics.popularity[: statistics.size], -counts))[:TOP_K]
        answers.append(statistics.ids[order])
    return np.stack(answers)
