"""The parity gate: the graph as it will be served against the model it was made from.

Conversion success says nothing about equal answers. A miss fails the build; it never warns.
"""

from pathlib import Path

import numpy as np

from bentos.contract.manifest import ParityReport
from bentos.onnx_model import OnnxModel
from training.errors import ParityError
from training.fitted import Answers, Comparison, Feeds, Fitted

CHUNK_ROWS = 4096


def check_parity(path: Path, fitted: Fitted) -> ParityReport:
    """Run every held-out row and every edge row through the file; raise ParityError on a miss."""
    model = OnnxModel(path)
    held_out = _compare(model, fitted, fitted.held_out)
    edges = _compare(model, fitted, fitted.edges)
    report = ParityReport(
        rows=_rows(fitted.held_out),
        edge_rows=_rows(fitted.edges),
        max_abs_error=max(held_out.max_abs_error, edges.max_abs_error),
        mismatches=held_out.mismatches + edges.mismatches,
        tolerance=fitted.tolerance,
        passed=held_out.mismatches + edges.mismatches == 0,
    )
    if not report.passed:
        raise ParityError(
            f"the ONNX graph differs from its model in {report.mismatches} of "
            f"{report.rows + report.edge_rows} rows (largest error {report.max_abs_error:.3g}, "
            f"allowed: {report.tolerance}); no bento was built"
        )
    return report


def close(
    expected: Answers, got: Answers, names: tuple[str, ...], rtol: float, atol: float
) -> Comparison:
    """Compare float outputs value by value; a row mismatches if any value of it does."""
    worst, bad = 0.0, np.zeros(len(next(iter(expected.values()))), dtype=bool)
    for name in names:
        want, have = expected[name].astype(np.float64), got[name].astype(np.float64)
        if want.shape != have.shape:
            return Comparison(max_abs_error=float("1e308"), mismatches=len(bad))
        error = np.abs(want - have)
        beyond = ~(error <= atol + rtol * np.abs(want)) & ~(np.isnan(want) & np.isnan(have))
        bad |= beyond.reshape(len(bad), -1).any(axis=1)
        finite = error[np.isfinite(error)]
        worst = max(worst, float(finite.max(initial=0.0)))
    return Comparison(max_abs_error=worst, mismatches=int(bad.sum()))


def _compare(model: OnnxModel, fitted: Fitted, feeds: Feeds) -> Comparison:
    worst, mismatches = 0.0, 0
    for start in range(0, _rows(feeds), CHUNK_ROWS):
        chunk = {name: array[start : start + CHUNK_ROWS] for name, array in feeds.items()}
        found = fitted.compare(chunk, fitted.reference(chunk), model.run(chunk))
        worst = max(worst, found.max_abs_error)
        mismatches += found.mismatches
    return Comparison(max_abs_error=worst, mismatches=mismatches)


def _rows(feeds: Feeds) -> int:
    return len(next(iter(feeds.values())))
