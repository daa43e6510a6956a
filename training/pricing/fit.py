"""Weekly demand that never rises with the price, and the graph that prices by it."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingRegressor

from bentos.contract.manifest import OfflineMetrics
from bentos.pricing.schema import FEATURE_NAMES
from training import graph, parity
from training.exact_trees import make_exact, threshold_rows
from training.fitted import Answers, Array, Comparison, Feeds, Fitted
from training.pricing import curve
from training.pricing.features import ASSUMPTIONS, TRAIN_SHARE, WEEKS_FILE
from training.pricing.graph import build
from training.pricing.windows import windows

SETTINGS: dict[str, Any] = {
    "learning_rate": 0.06,
    "max_iter": 200,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 30,
    "l2_regularization": 2.0,
    "early_stopping": False,
}
RTOL = 1e-4
ATOL_OF_STD = 1e-5
# What a merchant would typically allow around the usual price; used to judge parity.
BAND = (0.8, 1.2)
EDGE_LIMIT = 400


def fit(folder: Path, seed: int) -> Fitted:
    """Fit on the earlier weeks, measure on the later ones."""
    weeks = _load(folder)
    train, test = _split(weeks["held_out"])
    rows = np.column_stack([weeks["features"], weeks["ratio"]]).astype(np.float32)
    target = np.log1p(weeks["units"].astype(np.float64))
    monotonic = [0] * len(FEATURE_NAMES) + [-1]
    trees = HistGradientBoostingRegressor(monotonic_cst=monotonic, random_state=seed, **SETTINGS)
    trees.fit(rows[train], target[train])
    make_exact(trees)
    held_out = _feeds(weeks, test)
    return Fitted(
        onnx=build(trees),
        offline=_evaluate(trees, rows, target, weeks["product"], train, test),
        reference=partial(curve.answer, trees),
        held_out=held_out,
        edges=_edges(trees, held_out),
        compare=partial(_compare, ATOL_OF_STD * float(np.std(weeks["units"][test]))),
        tolerance=(
            f"relative {RTOL}, absolute {ATOL_OF_STD} of the target's deviation; "
            "the price itself exactly, except between equal margins"
        ),
        parameters={**SETTINGS, "products": len(np.unique(weeks["product"]))},
        assumptions=ASSUMPTIONS,
    )


def newest(folder: Path) -> dict[str, Array]:
    """Columns of the newest labelled weeks, which nothing was learned from."""
    weeks = _load(folder)
    _, test = _split(weeks["held_out"])
    return {name: column[test] for name, column in weeks.items()}


def _load(folder: Path) -> dict[str, Array]:
    windows(folder)
    table = pq.read_table(folder / WEEKS_FILE)
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    features = np.column_stack([columns[name] for name in FEATURE_NAMES]).astype(np.float32)
    price = columns["price"].astype(np.float32)
    return {
        "features": features,
        "price": price,
        "ratio": columns["price_ratio"],
        "units": columns["units"],
        "held_out": columns["held_out"].astype(bool),
        "product": columns["product_id"],
        "unit_cost": columns["unit_cost"].astype(np.float32),
    }


def _split(held_out: Array) -> tuple[Array, Array]:
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _evaluate(
    trees: Any, rows: Array, target: Array, product: Array, train: Array, test: Array
) -> OfflineMetrics:
    """The model against the better of two guesses: what usually sold, and what sold lately."""
    lately = np.log1p(rows[:, FEATURE_NAMES.index("mean_units_8w")].astype(np.float64))
    baselines = {
        "the product's mean over the training weeks": _usual(product, target, train)[test],
        "the product's mean over the last eight weeks": lately[test],
    }
    errors = {name: _errors(target[test], guess) for name, guess in baselines.items()}
    best = min(errors, key=lambda name: errors[name]["mae_log_units"])
    return OfflineMetrics(
        protocol=f"first {TRAIN_SHARE:.0%} of the weeks train, the rest test; log(1 + units)",
        primary="mae_log_units",
        higher_is_better=False,
        model=_errors(target[test], trees.predict(rows[test])),
        baseline_name=best,
        baseline=errors[best],
    )


def _usual(product: Array, target: Array, train: Array) -> Array:
    """Each row's product's mean over the training weeks; the overall mean for a new product."""
    ids, places = np.unique(product, return_inverse=True)
    counts = np.bincount(places[train], minlength=len(ids))
    sums = np.bincount(places[train], weights=target[train], minlength=len(ids))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), target[train].mean())
    usual: Array = means[places]
    return usual


def _errors(target: Array, predicted: Array) -> dict[str, float]:
    error = predicted - target
    return {
        "mae_log_units": float(np.abs(error).mean()),
        "rmse_log_units": float(np.sqrt(np.square(error).mean())),
    }


def _feeds(weeks: dict[str, Array], test: Array) -> dict[str, Array]:
    features = np.ascontiguousarray(weeks["features"][test])
    usual = features[:, curve.REFERENCE]
    band = np.stack([usual * np.float32(BAND[0]), usual * np.float32(BAND[1])], axis=1)
    cents = np.maximum(np.rint(band * curve.CENTS) / curve.CENTS, np.float32(0.01))
    return {
        "features": features,
        "band": cents.astype(np.float32),
        "unit_cost": weeks["unit_cost"][test][:, None],
    }


def _edges(trees: Any, held_out: Feeds) -> dict[str, Array]:
    sample = held_out["features"][:256]
    near = threshold_rows(trees, np.column_stack([sample, sample[:, :1]]), EDGE_LIMIT)
    features = np.concatenate([graph.edge_rows(sample), near[:, :-1]]).astype(np.float32)
    count = len(features)
    bands = np.array([[1, 2], [0, 0], [5, 5], [0.994, 0.996], [0, 1e6], [9.99, 19.99]])
    costs = np.array([[0.5], [0], [10], [1e6]])
    return {
        "features": features,
        "band": np.resize(bands, (count, 2)).astype(np.float32),
        "unit_cost": np.resize(costs, (count, 1)).astype(np.float32),
    }


def _compare(atol: float, feeds: Feeds, expected: Answers, got: Answers) -> Comparison:
    """Units and margins within tolerance; prices equal unless their margins are as good."""
    found = parity.close(expected, got, ("curve_price", "curve_units"), RTOL, max(atol, 1e-6))
    margins = (expected["curve_price"] - feeds["unit_cost"]) * expected["curve_units"]
    best = margins.max(axis=1)
    slack = RTOL * np.abs(margins).max(axis=1) + max(atol, 1e-6)
    chosen = np.argmin(np.abs(expected["curve_price"] - got["price"][:, None]), axis=1)[:, None]
    on_grid = np.take_along_axis(expected["curve_price"], chosen, axis=1)[:, 0] == got["price"]
    as_good = np.take_along_axis(margins, chosen, axis=1)[:, 0] >= best - slack
    margin_ok = np.abs(got["expected_margin"] - best) <= slack
    wrong = int(np.sum(~(on_grid & as_good & margin_ok)))
    return Comparison(max_abs_error=found.max_abs_error, mismatches=max(found.mismatches, wrong))
