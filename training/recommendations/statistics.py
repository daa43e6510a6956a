"""What the graph carries: popularity, and for each product its nearest neighbours."""

from typing import Any

import msgspec
import numpy as np
from scipy import sparse  # type: ignore[import-untyped, unused-ignore]

from training.fitted import Array
from training.recommendations.baskets import Purchases

NEIGHBOURS = 40
# Popularity looks back this long: what sells changes with the season.
POPULARITY_DAYS = 56
# Rare pairs are chance; this many orders are added below the line.
SHRINKAGE = 20.0
REPEAT_PRIOR = 20.0
TREND_DAYS = 28
TREND_PRIOR = 1e-4
DAY = 86_400_000_000


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Per catalogue place K (and one dummy place at the end for unknown products).

    ``ids`` [K] int64; ``popularity`` [K+1] in 0..1; ``neighbours`` [K+1, T] places;
    ``similarity`` [K+1, T] in 0..1, 0 where there is no neighbour; ``repeat`` [K+1] the share of
    a product's purchases that were not the shopper's first, over the shop's mean share;
    ``trend`` [K+1] its share of the last four weeks' purchases over its share of all.
    """

    ids: Any
    popularity: Any
    neighbours: Any
    similarity: Any
    repeat: Any
    trend: Any

    @property
    def size(self) -> int:
        """Products in the catalogue, K: also the dummy's place."""
        return len(self.ids)


def places_of(ids: Array, products: Array) -> Array:
    """Place of each product in the sorted catalogue; K for unknown ones."""
    places = np.searchsorted(ids, products)
    clipped = np.minimum(places, len(ids) - 1)
    return np.where(ids[clipped] == products, clipped, len(ids))


def statistics_of(purchases: Purchases, ids: Array, moment: int) -> Statistics:
    """Statistics of what was bought before ``moment``."""
    past = purchases.where(purchases.moment < moment)
    places = places_of(ids, past.product)
    known = places < len(ids)
    orders, rows = np.unique(past.order[known], return_inverse=True)
    shape = (len(orders), len(ids))
    ones = np.ones(known.sum(), dtype=np.float64)
    matrix = sparse.csr_matrix((ones, (rows, places[known])), shape=shape)
    recent = (past.moment >= moment - POPULARITY_DAYS * DAY) & known
    popularity = np.bincount(places[recent], minlength=len(ids) + 1).astype(np.float64)
    neighbours, similarity = _neighbours(matrix)
    return Statistics(
        ids=ids.astype(np.int64),
        popularity=(popularity / max(popularity.max(), 1.0)).astype(np.float32),
        neighbours=neighbours,
        similarity=similarity,
        repeat=_repeat(past.customer[known], places[known], len(ids)),
        trend=_trend(places, past.moment >= moment - TREND_DAYS * DAY, len(ids)),
    )


def _repeat(customers: Array, places: Array, size: int) -> Array:
    """Repeat share of each product, drawn towards the mean by REPEAT_PRIOR purchases."""
    named = customers >= 0
    pairs = customers[named].astype(np.int64) * (size + 1) + places[named]
    distinct, _ = np.unique(pairs, return_counts=True)
    bought = np.bincount(places[named], minlength=size + 1).astype(np.float64)
    first = np.bincount(distinct % (size + 1), minlength=size + 1)
    mean = max(1e-3, 1 - first.sum() / max(1.0, bought.sum()))
    share = (bought - first + REPEAT_PRIOR * mean) / (bought + REPEAT_PRIOR)
    factors: Array = (share / mean).astype(np.float32)
    return factors


def _neighbours(matrix: Any) -> tuple[Array, Array]:
    """Cosine of being in the same orders, shrunk; the best NEIGHBOURS of each product."""
    size = matrix.shape[1]
    counts = np.asarray(matrix.sum(axis=0)).ravel()
    together = (matrix.T @ matrix).tocsr()
    width = min(NEIGHBOURS, max(1, size - 1))
    neighbours = np.full((size + 1, width), size, dtype=np.int64)
    similarity = np.zeros((size + 1, width), dtype=np.float32)
    for place in range(size):
        span = slice(together.indptr[place], together.indptr[place + 1])
        others, shared = together.indices[span], together.data[span]
        scores = shared / (np.sqrt(counts[place] * counts[others]) + SHRINKAGE)
        keep = (others != place) & (shared >= 2)
        others, scores = others[keep], scores[keep]
        best = np.lexsort((others, -scores))[:width]
        neighbours[place, : len(best)] = others[best]
        similarity[place, : len(best)] = scores[best]
    return neighbours, similarity


def _trend(places: Array, recent: Array, size: int) -> Array:
    """Rising products above 1, fading ones below; rare ones near 1."""
    lately = np.bincount(places[recent], minlength=size + 1).astype(np.float64)
    ever = np.bincount(places, minlength=size + 1).astype(np.float64)
    share_lately = lately / max(1.0, lately.sum()) + TREND_PRIOR
    trend: Array = (share_lately / (ever / max(1.0, ever.sum()) + TREND_PRIOR)).astype(np.float32)
    return trend
