"""Fitted trees that answer in float32 exactly what they answer in float64.

The graph holds and adds float32 numbers, scikit-learn float64 ones. Both must say the same, not
nearly the same: a rest of 1e-6 in a logarithm is a price times that. So the fitted model itself
is rounded, once, before anything is measured on it: what is evaluated is what is served.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

FLOAT32_BITS = 24
# Rounding moves each leaf by at most half a step: room for that below the next power of two.
ROOM = 1 + 2.0**-10


def make_exact(estimator: Any) -> None:
    """Round a fitted HistGradientBoosting, one tree a stage, in place; see the two functions."""
    snap_thresholds(estimator)
    snap_leaves(estimator)


def snap_thresholds(estimator: Any) -> None:
    """Round the thresholds down to float32, in place.

    For every float32 value x, ``x <= t`` equals ``x <= t rounded down``, so the estimator's
    answers stay and the graph's become equal to them for values right at a threshold too.
    """
    for nodes in _trees(estimator):
        exact = nodes["num_threshold"]
        rounded = exact.astype(np.float32)
        above = rounded.astype(np.float64) > exact
        rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
        nodes["num_threshold"] = rounded


def snap_leaves(estimator: Any) -> None:
    """Round leaves and baseline to a step of which float32 adds any number exactly, in place.

    The step is a power of two, 2^-24 of what all trees together can come to at most: every sum
    on the way is a whole number of steps below 2^24, in whatever order and by whatever threads
    it is added. Rounding keeps the order of leaves, and so what is monotonic.
    """
    step = _step(estimator)
    estimator._baseline_prediction = _round(estimator._baseline_prediction, step)  # noqa: SLF001
    for nodes in _trees(estimator):
        nodes["value"] = _round(nodes["value"], step)


def threshold_rows(estimator: Any, base: np.ndarray[Any, Any], limit: int) -> np.ndarray[Any, Any]:
    """Rows right at split thresholds and one float beside them; ``base`` [n, F] fills the rest."""
    rows: list[np.ndarray[Any, Any]] = []
    for nodes in _trees(estimator):
        for node in nodes[nodes["is_leaf"] == 0][:2]:
            at = np.float32(node["num_threshold"])
            beside = (np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf)))
            for value in (at, *beside):
                row = base[len(rows) % len(base)].copy()
                row[node["feature_idx"]] = value
                rows.append(row)
        if len(rows) >= limit:
            return np.stack(rows[:limit])
    return np.stack(rows)


def _trees(estimator: Any) -> Iterator[np.ndarray[Any, Any]]:
    for stage in estimator._predictors:  # noqa: SLF001 - the trees have no public name
        for predictor in stage:
            yield predictor.nodes


def _step(estimator: Any) -> float:
    """The largest float64 power of two whose 2^24th multiple no sum of trees reaches."""
    at_most = float(np.abs(estimator._baseline_prediction).max())  # noqa: SLF001
    for nodes in _trees(estimator):
        at_most += float(np.abs(nodes["value"][nodes["is_leaf"] == 1]).max())
    _, exponent = math.frexp(at_most * ROOM)
    return math.ldexp(1.0, exponent - FLOAT32_BITS)


def _round(values: Any, step: float) -> np.ndarray[Any, Any]:
    rounded: np.ndarray[Any, Any] = np.rint(np.asarray(values) / step) * step
    return rounded
