"""The blend, in numpy: the reference the graph is held against, and what tuning runs on.

score = personal + item-item · w1 + popularity · w2, where each purchase of the history weighs
decay^position and the weights of a history sum to 1. A purchase counts for its own product by
how often that product is bought again, and for its neighbours by their similarity. Everything
is float32 and summed in the order of the history, as the graph does it.
"""

from typing import Any

import msgspec
import numpy as np

from bentos.recommendations.schema import HISTORY_LENGTH, NO_PRODUCT, TOP_K
from training.fitted import Array
from training.recommendations.statistics import Statistics, places_of

EXCLUDED = np.float32(-1.0)
CHUNK_ROWS = 256


class Blend(msgspec.Struct, frozen=True, kw_only=True):
    """Weights of the parts, the decay by position, and the power of the repeat rate."""

    similar: float
    popular: float
    decay: float
    repeat_power: float


def position_weights(blend: Blend) -> Array:
    """[64] float32."""
    return np.power(blend.decay, np.arange(HISTORY_LENGTH)).astype(np.float32)


def repeat_factors(statistics: Statistics, blend: Blend) -> Array:
    """[K+1] float32: what a purchase counts for its own product; all 1 at power 0."""
    return np.power(statistics.repeat, blend.repeat_power).astype(np.float32)


def parts(statistics: Statistics, history: Array, blend: Blend) -> tuple[Array, Array]:
    """Personal and item-item scores, [n, K+1] each, unweighted."""
    rows, size = len(history), statistics.size
    places = places_of(statistics.ids, history)
    known = places < size
    weights = np.where(known, position_weights(blend), np.float32(0))
    total = weights.sum(axis=1, keepdims=True, dtype=np.float32)
    weights = weights / np.maximum(total, np.float32(1e-6))
    personal = np.zeros((rows, size + 1), dtype=np.float32)
    similar = np.zeros((rows, size + 1), dtype=np.float32)
    every, repeat = np.arange(rows), repeat_factors(statistics, blend)
    for position in range(HISTORY_LENGTH):
        at, weight = places[:, position], weights[:, position]
        personal[every, at] += weight * repeat[at]
        # Neighbours of one product differ, but the dummy place may repeat: its value is 0.
        near = statistics.neighbours[at]
        similar[every[:, None], near] += weight[:, None] * statistics.similarity[at]
    return personal, similar


def scores(statistics: Statistics, history: Array, exclude: Array, blend: Blend) -> Array:
    """Blended scores [n, K]; EXCLUDED for what is bought where ``exclude`` [n] says so."""
    personal, similar = parts(statistics, history, blend)
    blended = (
        personal
        + similar * np.float32(blend.similar)
        + statistics.popularity * np.float32(blend.popular)
    )
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
