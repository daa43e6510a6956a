"""The window champion and challenger are compared on is the one the figures are about."""

from pathlib import Path

import numpy as np
import pytest

from training.nightly import judge
from training.nightly.window import window_of

FRAUD, RECOMMENDATIONS, PRICING = 1, 2, 3


def answered(trained, position, model):
    manifest = trained.manifest(position)
    folder = trained.home / "lake/snapshots" / manifest["dataset"]["digest"]
    name, _, number = manifest["version"].partition(":")
    graph = trained.home / "bentoml/models" / name / number / "model.onnx"
    window = window_of(model, folder)
    figure = window.figure(judge.answers(Path(graph), window))
    return window, figure(np.ones(len(window.groups))), manifest["offline"]


@pytest.mark.parametrize(
    ("position", "model"), [(FRAUD, "fraud"), (RECOMMENDATIONS, "recommendations")]
)
def test_the_served_graph_s_figure_is_the_offline_one(trained, position, model):
    window, figure, offline = answered(trained, position, model)
    assert window.figure_name == offline["primary"]
    assert window.higher_is_better == offline["higher_is_better"]
    assert figure == pytest.approx(offline["model"][offline["primary"]], abs=2e-4)


def test_prices_are_judged_as_they_are_served(trained):
    window, figure, offline = answered(trained, PRICING, "pricing")
    assert not window.higher_is_better
    # Whole cents, where training saw means: near the offline figure, not it.
    assert figure == pytest.approx(offline["model"]["mae_log_units"], rel=0.05)
    assert len(np.unique(window.groups)) < len(window.groups)
