"""The blend, in numpy: the reference the graph is held against, and what tuning runs on.

score = personal + item-item · w1 + popularity · w2, where each purchase of the history weighs
decay^position and the weights of a history sum to 1. A purchase counts for its own product by
how often that product is bought again and how much its sales are on the rise, and for its
neighbours by their similarity. Everything is float32 and summed in the order of the history,
as the graph does it; the total of the weights alone is summed in float64 and rounded once.
"""

from typing import Any

import msgspec
import numpy as np

from bentos.recommendations.schema import HISTORY_LENGTH, NO_PRODUCT, TOP_K
from training.fitted import Array
from training.recommendations.statistics import Statistics, places_of

EXCLUDED = np.float32(-1.0)
TINY = np.float32(1e-6)
CHUNK_ROWS = 256


class Blend(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of the parts, the decay by position, and the powers of repeat rate and trend."""

    similar: float
    popular: float
    decay: float
    repeat_power: float
    trend_power: float


def position_weights(decay: float) -> Array:
    """[64] float32."""
    return np.power(decay, np.arange(HISTORY_LENGTH)).astype(np.float32)


def own_factors(statistics: Statistics, repeat_power: float, trend_power: float) -> Array:
    """[K+1] float32: what a purchase counts for its own product; all 1 at powers 0."""
    factors = np.power(statistics.repeat, repeat_power) * np.power(statistics.trend, trend_power)
    single: Array = factors.astype(np.float32)
    return single


def weighted_history(statistics: Statistics, history: Array, decay: float) -> tuple[Array, Array]:
    """Places [n, 64] of the purchases and their weights, which sum to 1 over what is known."""
    places = places_of(statistics.ids, history)
    weights = np.where(places < statistics.size, position_weights(decay), np.float32(0))
    total = weights.sum(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return places, weights / np.maximum(total, TINY)


def personal_part(places: Array, weights: Array, factors: Array) -> Array:
    """[n, K+1]: the shopper's own purchases."""
    board = np.zeros((len(places), len(factors)), dtype=np.float32)
    every = np.arange(len(places))
    for position in range(HISTORY_LENGTH):
        at = places[:, position]
        board[every, at] += weights[:, position] * factors[at]
    return board


def similar_part(statistics: Statistics, places: Array, weights: Array) -> Array:
    """[n, K+1]: neighbours of what was bought."""
    board = np.zeros((len(places), statistics.size + 1), dtype=np.float32)
    every = np.arange(len(places))[:, None]
    for position in range(HISTORY_LENGTH):
        at = places[:, position]
        # Neighbours of one product differ; the dummy place may repeat, but adds 0.
        board[every, statistics.neighbours[at]] += (
            weights[:, position, None] * statistics.similarity[at]
        )
    return board


def combine(statistics: Statistics, personal: Array, similar: Array, blend: Blend) -> Array:
    """Blended scores [n, K+1], the dummy place included."""
    blended: Array = (
        personal
        + similar * np.float32(blend.similar)
        + statistics.popularity * np.float32(blend.popular)
    )
    return blended


def scores(statistics: Statistics, history: Array, exclude: Array, blend: Blend) -> Array:
    """Blended scores [n, K]; EXCLUDED for what is bought where ``exclude`` [n] says so."""
    places, weights = weighted_history(statistics, history, blend.decay)
    factors = own_factors(statistics, blend.repeat_power, blend.trend_power)
    personal = personal_part(places, weights, factors)
    blended = combine(statistics, personal, similar_part(statistics, places, weights), blend)
    left_out = exclude[:, None] & (personal > 0)
    masked: Array = np.where(left_out, EXCLUDED, blended)[:, : statistics.size]
    return masked


def top(statistics: Statistics, scored: Array) -> tuple[Array, Array]:
    """Best ids [n, 10] and scores; equal scores by place, as ONNX TopK has it."""
    count = min(TOP_K, statistics.size)
    order = np.argsort(-scored, axis=1, kind="stable")[:, :count]
    best = np.take_along_axis(scored, order, axis=1)
    ids = np.where(best < 0, NO_PRODUCT, statistics.ids[order])
    return ids, np.maximum(best, np.float32(0))


def recommend(
    statistics: Statistics, history: Array, exclude: Array, blend: Blend
) -> dict[str, Any]:
    """Reference answers: ``product_ids`` and ``scores``, [n, 10] each."""
    chunks = [
        top(statistics, scores(statistics, history[s], exclude[s], blend))
        for s in (slice(i, i + CHUNK_ROWS) for i in range(0, len(history), CHUNK_ROWS))
    ]
    ids, best = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return {"product_ids": ids, "scores": best}
