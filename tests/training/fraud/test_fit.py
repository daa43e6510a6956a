"""The probability that is served is the calibrated one, right at the served threshold too."""

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator

from bentos.fraud.schema import FEATURE_NAMES
from bentos.onnx_model import OnnxModel
from training.exact_trees import make_exact, threshold_rows
from training.fraud import fit


def calibrated_trees():
    chance = np.random.default_rng(3)
    rows = np.round(chance.lognormal(size=(800, len(FEATURE_NAMES))), 2).astype(np.float32)
    labels = (rows[:, 0] + chance.normal(size=800) > 2).astype(int)
    trees = HistGradientBoostingClassifier(max_iter=20, random_state=3).fit(rows, labels)
    make_exact(trees)
    model = CalibratedClassifierCV(FrozenEstimator(trees), method="sigmoid", ensemble=False)
    return model.fit(rows, labels), trees, rows


def test_no_order_changes_sides_wherever_the_served_threshold_lies(tmp_path):
    model, trees, rows = calibrated_trees()
    calibrator = model.calibrated_classifiers_[0].calibrators[0]
    features = np.concatenate([rows, threshold_rows(trees, rows, 1000)]).astype(np.float32)
    raw = trees.decision_function(features)
    for middle in np.quantile(raw, [0.2, 0.5, 0.9], method="nearest"):
        # Moved so that an order's probability is one half up to the last digit.
        calibrator.b_ = -calibrator.a_ * middle
        path = tmp_path / "fraud.onnx"
        path.write_bytes(fit._to_onnx(model, trees))
        feeds = {"features": features}
        expected, got = fit._reference(model, feeds), OnnxModel(path).run(feeds)
        found = fit._compare(feeds, expected, got)
        assert found.mismatches == 0
        np.testing.assert_array_max_ulp(got[fit.OUTPUT], expected[fit.OUTPUT], maxulp=1)
