"""The gates a version has to pass to be released: its baseline and its budgets.

A version that fails is registered as rejected, with the reason; it can never be released.
"""

import math
import time
from pathlib import Path

import numpy as np

from bentos.contract.errors import ContractError
from bentos.contract.manifest import OfflineMetrics
from bentos.onnx_model import OnnxModel
from training.fitted import Fitted, first_row

MAX_ONNX_BYTES = 32 * 1024 * 1024
MAX_P50_US = 10_000.0
ROUNDS = 200


def measure(path: Path, fitted: Fitted) -> dict[str, float]:
    """``onnx_bytes`` and ``p50_us`` of one row on this machine."""
    model, row = OnnxModel(path), first_row(fitted.held_out)
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        model.run(row)
        took.append(time.perf_counter_ns() - began)
    return {
        "onnx_bytes": float(path.stat().st_size),
        "p50_us": round(float(np.median(took)) / 1000, 1),
    }


def check_figures(offline: OfflineMetrics) -> None:
    """Raise ContractError for a figure that is no finite number: a manifest cannot hold it."""
    for side, figures in (("model", offline.model), ("baseline", offline.baseline)):
        for name, value in figures.items():
            if not math.isfinite(value):
                raise ContractError(f"offline {side} {name}", "a finite number", value)


def rejection(
    offline: OfflineMetrics, budgets: dict[str, float], failures: tuple[str, ...] = ()
) -> str | None:
    """Why a version may not be released, or None. ``failures``: of gates asked before."""
    reasons = list(failures)
    if not offline.beats_baseline():
        name = offline.primary
        reasons.append(
            f"{name} {offline.model[name]:.4f} does not beat {offline.baseline[name]:.4f} "
            f"of the baseline ({offline.baseline_name})"
        )
    for name, limit in (("onnx_bytes", MAX_ONNX_BYTES), ("p50_us", MAX_P50_US)):
        if budgets[name] > limit:
            reasons.append(f"{name} {budgets[name]:.0f} is over the budget of {limit:.0f}")
    return "; ".join(reasons) or None
