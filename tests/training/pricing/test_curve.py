"""Prices stay in the band and in cents; demand never rises with the price."""

import numpy as np
import pytest

from bentos.pricing.schema import CURVE_POINTS, FEATURE_NAMES
from training.pricing.curve import answer, demand_rows, price_grid


class Falling:
    """Demand that falls with the price ratio."""

    def predict(self, rows):
        return np.log1p(np.maximum(0, 20 - 10 * rows[:, -1]))


def feeds(low, high, cost, reference=2.0):
    features = np.zeros((1, len(FEATURE_NAMES)), dtype=np.float32)
    features[0, FEATURE_NAMES.index("reference_price")] = reference
    return {
        "features": features,
        "band": np.array([[low, high]], dtype=np.float32),
        "unit_cost": np.array([[cost]], dtype=np.float32),
    }


@pytest.mark.parametrize(("low", "high"), [(1, 3), (0.994, 0.996), (2.5, 2.5), (0, 1000)])
def test_no_price_leaves_the_band(low, high):
    band = np.array([[low, high]], dtype=np.float32)
    grid = price_grid(band)
    assert grid.shape == (1, CURVE_POINTS)
    assert (grid >= band[:, :1]).all()
    assert (grid <= band[:, 1:]).all()
    assert (np.diff(grid) >= 0).all()


def test_prices_are_whole_cents():
    grid = price_grid(np.array([[1.5, 2.25]], dtype=np.float32))
    np.testing.assert_allclose(grid * 100, np.rint(grid * 100), atol=1e-4)


def test_the_best_margin_of_the_curve_is_chosen():
    answers = answer(Falling(), feeds(1, 4, 0.5))
    margins = (answers["curve_price"] - 0.5) * answers["curve_units"]
    assert answers["expected_margin"][0] == margins.max()
    # units = 20 - 5 p, so (p - 0.5)(20 - 5 p) is largest at 2.25.
    assert abs(answers["price"][0] - 2.25) <= 0.15


def test_a_higher_cost_never_lowers_the_price():
    prices = [answer(Falling(), feeds(1, 4, cost))["price"][0] for cost in (0, 0.5, 1, 2)]
    assert prices == sorted(prices)


@pytest.mark.parametrize("reference", [np.nan, 0.0, -1.0])
def test_without_a_usual_price_the_middle_of_the_band_stands_in(reference):
    given = feeds(1, 3, 0.5, reference)
    rows = demand_rows(given["features"], price_grid(given["band"]))
    np.testing.assert_allclose(rows[:, -1], np.linspace(0.5, 1.5, CURVE_POINTS), rtol=1e-6)
