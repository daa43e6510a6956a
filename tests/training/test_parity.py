"""The gate lets no graph pass that answers differently; proven on deliberately broken ones."""

import msgspec
import numpy as np
import onnx
import pytest

from tests.training.consents import give_consents
from training.errors import ParityError
from training.fraud import fit as fraud
from training.lines import OrderSource, prepare_lines
from training.parity import check_parity
from training.pricing import fit as pricing
from training.recipes import Request
from training.recommendations import fit as recommendations
from training.run import make_snapshot
from training.settings import Settings

FITS = {"fraud": fraud.fit, "recommendations": recommendations.fit, "pricing": pricing.fit}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, orders_export):
    settings = Settings(home=tmp_path_factory.mktemp("parity"))
    give_consents(settings.home)
    lines = prepare_lines(settings, OrderSource(orders=orders_export, consent_basis="test"))
    return {
        model: fit(make_snapshot(settings, lines, Request(model=model, seed=3)).folder_path, 3)
        for model, fit in FITS.items()
    }


def broken(fitted, change):
    model = onnx.load_from_string(fitted.onnx)
    change(model)
    return msgspec.structs.replace(fitted, onnx=model.SerializeToString())


def written(tmp_path, fitted):
    path = tmp_path / "model.onnx"
    path.write_bytes(fitted.onnx)
    return path


@pytest.mark.parametrize("model", FITS)
def test_a_true_graph_passes_on_every_row(model, fitted, tmp_path):
    report = check_parity(written(tmp_path, fitted[model]), fitted[model])
    assert report.passed
    assert report.rows == len(next(iter(fitted[model].held_out.values())))
    assert report.edge_rows > 20


def nudge_initializer(name, change):
    def apply(model):
        (found,) = [item for item in model.graph.initializer if item.name == name]
        values = change(onnx.numpy_helper.to_array(found).copy())
        found.CopyFrom(onnx.numpy_helper.from_array(values, name))

    return apply


def nudge_leaf(model):
    (trees,) = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    for attribute in trees.attribute:
        if attribute.name in ("class_weights", "target_weights"):
            attribute.floats[0] += 0.05


def swap_missing(model):
    (trees,) = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    for attribute in trees.attribute:
        if attribute.name == "nodes_missing_value_tracks_true":
            flipped = [1 - value for value in attribute.ints]
            attribute.ClearField("ints")
            attribute.ints.extend(flipped)


def forget_decay(values):
    return values * np.linspace(1, 0.5, values.size, dtype=np.float32)


BREAKS = [
    ("fraud", nudge_leaf),
    ("fraud", swap_missing),
    ("fraud", nudge_initializer("slope", lambda value: value * np.float32(1.001))),
    ("pricing", nudge_leaf),
    ("pricing", nudge_initializer("cents", lambda _: np.array(10, dtype=np.float32))),
    ("recommendations", nudge_initializer("decays", forget_decay)),
    ("recommendations", nudge_initializer("ids", lambda ids: ids[::-1].copy())),
]


@pytest.mark.parametrize(("model", "change"), BREAKS)
def test_a_broken_graph_stops_the_build(model, change, fitted, tmp_path):
    bad = broken(fitted[model], change)
    with pytest.raises(ParityError, match="no bento was built"):
        check_parity(written(tmp_path, bad), bad)


def test_demand_never_rises_with_the_price(fitted):
    answers = fitted["pricing"].reference(fitted["pricing"].held_out)
    assert (np.diff(answers["curve_units"], axis=1) <= 1e-6).all()
