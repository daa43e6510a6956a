"""The newest labelled window of each model: the same rows for champion and challenger.

Both answer through their ONNX graphs, as they serve. Figures are taken with weights, so that a
bootstrap can draw rows.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from bentos.fraud import schema as fraud
from bentos.pricing import schema as pricing
from bentos.recommendations import schema as recommendations
from training.fitted import Answers, Array, Feeds
from training.nightly.bootstrap import Figure, average_precision, mean_of

CENTS = np.float32(100.0)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Rows to answer, which of them belong together, and the figure over the answers."""

    figure_name: str
    higher_is_better: bool
    feeds: Feeds
    groups: Array
    positives: int
    figure: Callable[[Answers], Figure]


def window_of(model: str, folder: Path) -> Window:
    """The window in a model's snapshot."""
    return WINDOWS[model](folder)


def _fraud(folder: Path) -> Window:
    from training.fraud.fit import OUTPUT, newest  # noqa: PLC0415 - scikit-learn

    features, labels = newest(folder)
    return Window(
        figure_name="average_precision",
        higher_is_better=True,
        feeds={"features": features},
        groups=np.arange(len(labels)),
        positives=int(labels.sum()),
        figure=lambda answers: average_precision(labels, answers[OUTPUT]),
    )


def _recommendations(folder: Path) -> Window:
    from training.recommendations.evaluate import gains_of  # noqa: PLC0415
    from training.recommendations.fit import newest  # noqa: PLC0415

    cases = newest(folder)
    rows = len(cases.history)
    return Window(
        figure_name="ndcg_at_10",
        higher_is_better=True,
        feeds={"history": cases.history, "exclude_bought": np.zeros((rows, 1), dtype=bool)},
        groups=np.arange(rows),
        positives=rows,
        figure=lambda answers: mean_of(gains_of(answers["product_ids"], cases)),
    )


def _pricing(folder: Path) -> Window:
    """The demand a graph foresees at the price that was asked: a band of that price alone.

    Weeks of one product hang together, so they are drawn together.
    """
    from training.pricing.fit import newest  # noqa: PLC0415

    weeks = newest(folder)
    price = np.maximum(np.rint(weeks["price"] * CENTS) / CENTS, np.float32(0.01))
    target = np.log1p(weeks["units"].astype(np.float64))

    def figure(answers: Answers) -> Figure:
        foreseen = np.log1p(answers["curve_units"][:, 0].astype(np.float64))
        return mean_of(np.abs(foreseen - target))

    return Window(
        figure_name="mae_log_units_as_served",
        higher_is_better=False,
        feeds={
            "features": np.ascontiguousarray(weeks["features"]),
            "band": np.stack([price, price], axis=1).astype(np.float32),
            "unit_cost": weeks["unit_cost"][:, None],
        },
        groups=weeks["product"],
        positives=len(target),
        figure=figure,
    )


WINDOWS: dict[str, Callable[[Path], Window]] = {
    fraud.MODEL: _fraud,
    recommendations.MODEL: _recommendations,
    pricing.MODEL: _pricing,
}
