"""The pricing graph answers to the last digit what the fitted curve says."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from bentos.onnx_model import OnnxModel
from bentos.pricing.schema import FEATURE_NAMES
from training.exact_trees import make_exact
from training.pricing import curve
from training.pricing.graph import build

WIDTH = len(FEATURE_NAMES)


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    chance = np.random.default_rng(7)
    rows = np.round(chance.lognormal(size=(900, WIDTH + 1)), 2).astype(np.float32)
    # Most weeks sell next to nothing, as in a long tail: there exp(x) - 1 loses its digits.
    units = chance.poisson(np.maximum(0, 0.8 - rows[:, -1])) * chance.integers(1, 30, 900)
    trees = HistGradientBoostingRegressor(
        monotonic_cst=[0] * WIDTH + [-1], max_iter=80, random_state=7
    ).fit(rows, np.log1p(units))
    make_exact(trees)
    path = tmp_path_factory.mktemp("pricing") / "model.onnx"
    path.write_bytes(build(trees))
    return trees, OnnxModel(path), rows


def ratio_thresholds(trees):
    nodes = np.concatenate([tree.nodes for stage in trees._predictors for tree in stage])
    splits = nodes[(nodes["is_leaf"] == 0) & (nodes["feature_idx"] == WIDTH)]
    return np.unique(splits["num_threshold"].astype(np.float32))


def test_prices_whose_ratio_lies_at_a_threshold_or_beside_it_are_judged_alike(priced):
    trees, model, rows = priced
    at = ratio_thresholds(trees)
    beside = [np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))]
    ratios = np.concatenate([at, *beside])
    features = np.resize(rows[:, :-1], (len(ratios), WIDTH)).astype(np.float32)
    features[:, curve.REFERENCE] = 1
    feeds = {
        "features": features,
        # A band of one price: its ratio to a usual price of 1 is the threshold itself.
        "band": np.stack([ratios, ratios], axis=1),
        "unit_cost": np.full((len(ratios), 1), 0.25, dtype=np.float32),
    }
    assert len(at) > 10
    same(curve.answer(trees, feeds), model.run(feeds))


@pytest.mark.parametrize("top", [0.02, 5, 1e6, 3e9])
def test_no_band_is_so_wide_that_margins_part(priced, top):
    trees, model, rows = priced
    feeds = {
        "features": np.ascontiguousarray(rows[:, :-1]),
        "band": np.resize(np.array([[0, top]], dtype=np.float32), (len(rows), 2)),
        "unit_cost": np.full((len(rows), 1), 0.5, dtype=np.float32),
    }
    same(curve.answer(trees, feeds), model.run(feeds))


def same(expected, got):
    for name, values in expected.items():
        np.testing.assert_array_max_ulp(got[name], values, maxulp=1)
    np.testing.assert_array_equal(got["price"], expected["price"])
