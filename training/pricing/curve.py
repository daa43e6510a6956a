"""From demand to a price, in numpy: the reference the graph is held against.

Everything is float32, as in the graph, but for exp(x) - 1: where little sells it would keep no
digit, so both compute it in float64 and round once.
"""

from typing import Any

import numpy as np

from bentos.pricing.schema import CURVE_POINTS, FEATURE_NAMES
from training.fitted import Answers, Array, Feeds

CENTS = np.float32(100)
REFERENCE = FEATURE_NAMES.index("reference_price")


def price_grid(band: Array) -> Array:
    """[rows, 21] prices from ``band`` [rows, 2], in whole cents, never outside the band."""
    low, high = band[:, :1], band[:, 1:]
    steps = np.linspace(0, 1, CURVE_POINTS, dtype=np.float32)[None, :]
    cents = np.rint((low + (high - low) * steps) * CENTS) / CENTS
    clipped: Array = np.minimum(np.maximum(cents, low), high)
    return clipped


def demand_rows(features: Array, grid: Array) -> Array:
    """[rows * 21, F + 1]: the features with the price ratio as last column."""
    reference = features[:, REFERENCE : REFERENCE + 1]
    middle = (grid[:, :1] + grid[:, -1:]) * np.float32(0.5)
    usable = reference > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = grid / np.where(usable, reference, middle)
    repeated = np.repeat(features, CURVE_POINTS, axis=0)
    return np.concatenate([repeated, ratio.reshape(-1, 1)], axis=1)


def answer(demand: Any, feeds: Feeds) -> Answers:
    """Reference answers. ``demand``: a regressor of log(1 + units) on float32 rows."""
    grid = price_grid(feeds["band"])
    rows = demand_rows(feeds["features"], grid)
    logs = demand.predict(rows).astype(np.float32).reshape(grid.shape)
    grown = np.exp(logs.astype(np.float64)) - 1
    units = np.maximum(grown.astype(np.float32), np.float32(0))
    margins = (grid - feeds["unit_cost"]) * units
    best = np.argmax(margins, axis=1)[:, None]
    return {
        "price": np.take_along_axis(grid, best, axis=1)[:, 0],
        "expected_margin": np.take_along_axis(margins, best, axis=1)[:, 0],
        "curve_price": grid,
        "curve_units": units,
    }
