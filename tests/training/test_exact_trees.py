"""Trees answer in the graph, in float32, exactly what they answer in scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from bentos.onnx_model import OnnxModel
from training import graph
from training.exact_trees import make_exact, snap_leaves, snap_thresholds, threshold_rows


def rows_of(chance, count=400, width=3):
    """Hundredths, thirds and what is missing: values that lie at thresholds again and again."""
    rows = np.stack(
        [
            np.round(chance.lognormal(size=count), 2),
            chance.integers(0, 40, count) / 3,
            chance.normal(size=count) * 1e-3,
        ],
        axis=1,
    )[:, :width]
    rows[chance.random(rows.shape) < 0.05] = np.nan
    return rows.astype(np.float32)


def every_threshold(trees, rows):
    return np.concatenate([rows, threshold_rows(trees, rows, 100_000)])


def served(trees, rows, tmp_path, **options):
    path = tmp_path / "trees.onnx"
    made = graph.convert(trees, rows.shape[1], **options)
    path.write_bytes(graph.canonical_bytes(made, "trees"))
    model = OnnxModel(path)
    (name,) = model.inputs
    return model.run({name: rows})


def fitted_regressor(seed, scale=1.0, offset=0.0):
    chance = np.random.default_rng(seed)
    rows = rows_of(chance)
    target = (np.nan_to_num(rows[:, 0]) * 3 + chance.normal(size=len(rows))) * scale + offset
    trees = HistGradientBoostingRegressor(max_iter=12, min_samples_leaf=5, random_state=seed)
    return trees.fit(rows, target), rows


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    scale=st.sampled_from([1e-6, 1, 1e4]),
    offset=st.sampled_from([0, 9]),
)
def test_the_graph_answers_the_same_number_at_every_threshold(
    tmp_path_factory, seed, scale, offset
):
    trees, rows = fitted_regressor(seed, scale, offset)
    make_exact(trees)
    asked = every_threshold(trees, rows)
    (got,) = served(trees, asked, tmp_path_factory.mktemp("trees")).values()
    np.testing.assert_array_equal(got[:, 0].astype(np.float64), trees.predict(asked))


@pytest.mark.parametrize("seed", range(2))
def test_a_classifier_s_raw_score_is_the_same_number(seed, tmp_path):
    chance = np.random.default_rng(seed)
    rows = rows_of(chance)
    label = np.nan_to_num(rows[:, 0]) + chance.normal(size=len(rows)) > 1.5
    trees = HistGradientBoostingClassifier(max_iter=12, random_state=seed).fit(rows, label)
    make_exact(trees)
    asked = every_threshold(trees, rows)
    answers = served(trees, asked, tmp_path, zipmap=False, raw_scores=True)
    raw = answers["probabilities"][:, 1].astype(np.float64)
    np.testing.assert_array_equal(raw, trees.decision_function(asked))


def test_without_it_the_sums_differ(tmp_path):
    """What the property would not see if it held of any trees."""
    trees, rows = fitted_regressor(1)
    snap_thresholds(trees)
    (got,) = served(trees, rows, tmp_path).values()
    assert (got[:, 0].astype(np.float64) != trees.predict(rows).astype(np.float32)).any()


def test_snapped_thresholds_are_float32_and_change_no_answer():
    trees, rows = fitted_regressor(0)
    before = trees.predict(rows)
    snap_thresholds(trees)
    np.testing.assert_array_equal(trees.predict(rows), before)
    for stage in trees._predictors:
        for tree in stage:
            thresholds = tree.nodes["num_threshold"]
            np.testing.assert_array_equal(thresholds, thresholds.astype(np.float32))


def test_snapped_leaves_add_up_in_any_order_and_move_answers_by_next_to_nothing():
    trees, rows = fitted_regressor(0)
    before = trees.predict(rows)
    snap_leaves(trees)
    np.testing.assert_allclose(trees.predict(rows), before, atol=2e-5 * np.abs(before).max())
    nodes_of_all = [tree.nodes for stage in trees._predictors for tree in stage]
    worst = [nodes["value"][nodes["is_leaf"] == 1] for nodes in nodes_of_all]
    parts = np.array([*(v[np.abs(v).argmax()] for v in worst), *trees._baseline_prediction.ravel()])
    parts = np.abs(parts)
    for order in (np.sort(parts), np.sort(parts)[::-1]):
        assert float(np.cumsum(order.astype(np.float32))[-1]) == parts.sum()


def test_snapping_twice_changes_nothing():
    trees, rows = fitted_regressor(2)
    make_exact(trees)
    once = trees.predict(rows)
    make_exact(trees)
    np.testing.assert_array_equal(trees.predict(rows), once)
