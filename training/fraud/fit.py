"""Gradient-boosted trees with a calibrated probability, and the graph that answers the same."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bentos.contract.errors import ContractError
from bentos.contract.manifest import OfflineMetrics
from bentos.fraud.schema import FEATURE_NAMES, MODEL
from training import graph, parity
from training.exact_trees import make_exact, threshold_rows
from training.fitted import Answers, Array, Comparison, Feeds, Fitted
from training.fraud.features import CALIBRATE_SHARE, ORDERS_FILE, TRAIN_SHARE
from training.fraud.injection import ASSUMPTION
from training.fraud.windows import windows

OUTPUT = "fraud_probability"
TOLERANCE = 1e-5
SERVED_THRESHOLD = 0.5
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.08,
    "max_iter": 160,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 40,
    "l2_regularization": 5.0,
    "early_stopping": False,
}
EDGE_LIMIT = 600
TOP = 100


def fit(folder: Path, seed: int) -> Fitted:
    """Fit on the training window, calibrate on the next, measure on the last."""
    rows = _load(folder)
    trees = HistGradientBoostingClassifier(random_state=seed, **SETTINGS)
    trees.fit(*rows["train"])
    make_exact(trees)
    calibrated = CalibratedClassifierCV(FrozenEstimator(trees), method="sigmoid", ensemble=False)
    calibrated.fit(*rows["calibrate"])
    features, labels = rows["test"]
    return Fitted(
        onnx=_to_onnx(calibrated, trees),
        offline=_evaluate(calibrated, rows),
        reference=partial(_reference, calibrated),
        held_out={"features": features},
        edges={"features": _edges(trees, features)},
        compare=_compare,
        tolerance=f"max abs {TOLERANCE} on the probability, no label flips at {SERVED_THRESHOLD}",
        parameters={**SETTINGS, "calibration": "sigmoid", "frauds_in_test": int(labels.sum())},
        assumptions=(ASSUMPTION,),
    )


def newest(folder: Path) -> tuple[Array, Array]:
    """Features and labels of the newest labelled window, which nothing was learned from."""
    return _load(folder)["test"]


def _load(folder: Path) -> dict[str, tuple[Array, Array]]:
    table = pq.read_table(folder / ORDERS_FILE)
    columns = [table[name].to_numpy(zero_copy_only=False) for name in FEATURE_NAMES]
    features = np.stack(columns, axis=1).astype(np.float32)
    labels = table["label"].to_numpy().astype(np.int64)
    split = table["split"].to_numpy()
    return {name: (features[split == name], labels[split == name]) for name in windows(folder)}


def _evaluate(model: Any, rows: dict[str, tuple[Array, Array]]) -> OfflineMetrics:
    features, labels = rows["test"]
    baseline = make_pipeline(StandardScaler(), LogisticRegression())
    amount, target = rows["train"]
    baseline.fit(_log_amount(amount), target)
    days = f"first {TRAIN_SHARE:.0%} train, next {CALIBRATE_SHARE:.0%} calibrate, rest test"
    return OfflineMetrics(
        protocol=f"orders in time order: {days}; fraud injected",
        primary="average_precision",
        higher_is_better=True,
        model=_metrics(labels, model.predict_proba(features)[:, 1]),
        baseline_name="logistic regression on log(1 + amount)",
        baseline=_metrics(labels, baseline.predict_proba(_log_amount(features))[:, 1]),
    )


def _log_amount(features: Array) -> Array:
    amount = features[:, [FEATURE_NAMES.index("amount")]].astype(np.float64)
    return np.log1p(np.maximum(amount, 0))


def _metrics(labels: Array, scores: Array) -> dict[str, float]:
    top = np.argsort(-scores, kind="stable")[:TOP]
    return {
        "average_precision": float(average_precision_score(labels, scores)),
        "auc": float(roc_auc_score(labels, scores)),
        f"precision_at_{TOP}": float(labels[top].mean()),
        "brier": float(brier_score_loss(labels, scores)),
        "fraud_rate": float(labels.mean()),
    }


def _to_onnx(calibrated: Any, trees: Any) -> bytes:
    """Trees by the converter, the sigmoid and the choice of the column by hand.

    The sigmoid is applied to the raw score: calibration's own input, so nothing is lost. It is
    computed in float64, as the calibrator does, and rounded once: an order right at the served
    threshold falls on the same side. onnxruntime's own Sigmoid is an approximation.
    """
    calibrator = calibrated.calibrated_classifiers_[0].calibrators[0]
    model = graph.convert(trees, len(FEATURE_NAMES), zipmap=False, raw_scores=True)
    ensemble = next(n for n in model.graph.node if n.op_type == "TreeEnsembleClassifier")
    source, scores = ensemble.input[0], ensemble.output[1]
    helper = onnx.helper
    nodes = [
        *_prepared(model, source),
        ensemble,
        helper.make_node("Gather", [scores, "one"], ["raw"], axis=1),
        helper.make_node("Cast", ["raw"], ["wide"], to=onnx.TensorProto.DOUBLE),
        helper.make_node("Mul", ["wide", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "shift"], ["against"]),
        helper.make_node("Exp", ["against"], ["odds"]),
        helper.make_node("Add", ["odds", "unit"], ["all"]),
        helper.make_node("Reciprocal", ["all"], ["probability"]),
        helper.make_node("Cast", ["probability"], [OUTPUT], to=onnx.TensorProto.FLOAT),
    ]
    built = graph.make_model(
        nodes,
        MODEL,
        [graph.tensor("features", onnx.TensorProto.FLOAT, len(FEATURE_NAMES))],
        [graph.tensor(OUTPUT, onnx.TensorProto.FLOAT, None)],
        [
            graph.constant("one", np.array(1, dtype=np.int64)),
            graph.constant("slope", np.array(float(calibrator.a_))),
            graph.constant("shift", np.array(float(calibrator.b_))),
            graph.constant("unit", np.array(1.0)),
        ],
    )
    return graph.canonical_bytes(built, MODEL)


def _prepared(model: Any, source: str) -> list[Any]:
    if source == model.graph.input[0].name:
        return [onnx.helper.make_node("Identity", ["features"], [source])]
    raise ContractError("converted trees", "to read the features directly", source)


def _reference(model: Any, feeds: Feeds) -> Answers:
    return {OUTPUT: model.predict_proba(feeds["features"])[:, 1].astype(np.float32)}


def _edges(trees: Any, features: Array) -> Array:
    near = threshold_rows(trees, features[:256], EDGE_LIMIT)
    return np.concatenate([graph.edge_rows(features[:256]), near]).astype(np.float32)


def _compare(_feeds: Feeds, expected: Answers, got: Answers) -> Comparison:
    found = parity.close(expected, got, (OUTPUT,), rtol=0.0, atol=TOLERANCE)
    flips = int(np.sum((expected[OUTPUT] >= SERVED_THRESHOLD) != (got[OUTPUT] >= SERVED_THRESHOLD)))
    return Comparison(max_abs_error=found.max_abs_error, mismatches=max(found.mismatches, flips))
