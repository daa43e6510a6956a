"""A model card's plots, as SVG that is equal byte for byte for equal figures."""

import io
from collections.abc import Mapping
from typing import Any

from bentos.contract.manifest import OfflineMetrics
from training.nightly.bootstrap import Improvement

INK, OURS, THEIRS = "#1f2933", "#2f6f8f", "#b8c4ce"
SIZE = (6.4, 2.6)


def figures(offline: OfflineMetrics) -> bytes:
    """Each figure of the model beside the baseline's."""
    plt = _pyplot()
    names = [name for name in offline.model if name in offline.baseline]
    names = [name for name in names if abs(offline.model[name]) <= 10]
    chart, axes = plt.subplots(figsize=(SIZE[0], 0.8 + 0.55 * len(names)))
    for place, name in enumerate(reversed(names)):
        axes.barh(place + 0.2, offline.model[name], height=0.36, color=OURS)
        axes.barh(place - 0.2, offline.baseline[name], height=0.36, color=THEIRS)
        for side, value in ((0.2, offline.model[name]), (-0.2, offline.baseline[name])):
            axes.text(value, place + side, f" {value:.3f}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(names)), [*reversed(names)])
    axes.margins(x=0.15)
    axes.set_title("model (dark) and baseline (light), held-out window", fontsize=9)
    return _svg(plt, chart)


def interval(found: Improvement, champion: str, margin: float) -> bytes:
    """The improvement on the champion with its interval, and the margin it has to clear."""
    plt = _pyplot()
    chart, axes = plt.subplots(figsize=(SIZE[0], 1.5))
    axes.plot([found.low, found.high], [0, 0], color=OURS, linewidth=3)
    axes.plot([found.middle], [0], "o", color=OURS)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.axvline(margin * abs(found.champion), color=INK, linewidth=0.8, linestyle=":")
    axes.set_yticks([])
    axes.margins(x=0.3)
    axes.set_title(
        f"improvement on {champion}, {found.level:.0%} interval; dotted: margin", fontsize=9
    )
    return _svg(plt, chart)


def windows(rows: Mapping[str, int]) -> bytes:
    """Rows of each window."""
    plt = _pyplot()
    chart, axes = plt.subplots(figsize=(SIZE[0], 0.7 + 0.4 * len(rows)))
    names = list(rows)
    axes.barh(range(len(names)), [rows[name] for name in names], color=OURS, height=0.5)
    for place, name in enumerate(names):
        axes.text(rows[name], place, f" {rows[name]:,}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_title("rows of each window, split by time", fontsize=9)
    return _svg(plt, chart)


def _pyplot() -> Any:
    import matplotlib as mpl  # noqa: PLC0415 - a second, only where a card is made

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    # Ids of SVG elements are random unless salted; text stays text.
    plt.rcParams.update({"svg.hashsalt": "signalbox", "svg.fonttype": "none", "font.size": 9})
    return plt


def _svg(plt: Any, chart: Any) -> bytes:
    for axes in chart.axes:
        axes.spines[["top", "right"]].set_visible(False)
    content = io.BytesIO()
    chart.savefig(content, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(chart)
    return content.getvalue()
