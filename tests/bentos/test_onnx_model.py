import numpy as np
import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.onnx_model import THREADS_VARIABLE, OnnxModel

FEATURES = np.array([[1, 2, 3], [9, 5, 6]], dtype=np.float32)
LABEL = np.array([[7], [8]], dtype=np.int64)


@pytest.fixture(scope="module")
def model(graph_path):
    return OnnxModel(graph_path)


def test_says_what_it_takes_and_gives(model):
    assert model.inputs == {"features": Datatype.FP32, "label": Datatype.INT64}
    assert model.input_shapes == {"features": (-1, 3), "label": (-1, 1)}
    assert model.outputs == ("total", "best", "echo")
    assert model.output_types["total"] is Datatype.FP32
    assert model.output_shapes["echo"] == (-1, 1)


def test_runs_all_rows(model):
    answers = model.run({"features": FEATURES, "label": LABEL})
    assert answers["total"].tolist() == [6.0, 20.0]
    assert answers["best"].tolist() == [2, 0]
    assert answers["echo"].tolist() == [[7], [8]]


def test_runs_no_rows(model):
    assert model.run({"features": FEATURES[:0], "label": LABEL[:0]})["total"].shape == (0,)


@pytest.mark.parametrize(
    ("feeds", "field"),
    [
        ({"features": FEATURES}, "inputs.label"),
        ({"features": FEATURES.astype(np.float64), "label": LABEL}, "inputs.features.datatype"),
        ({"features": FEATURES[:, :2], "label": LABEL}, "inputs.features.shape"),
        ({"features": FEATURES[0], "label": LABEL}, "inputs.features.shape"),
        ({"features": FEATURES, "label": LABEL[:1]}, "inputs.label.shape"),
        ({"features": FEATURES, "label": LABEL, "more": LABEL}, "inputs.more"),
    ],
)
def test_names_the_input_that_is_wrong(model, feeds, field):
    with pytest.raises(ContractError) as caught:
        model.run(feeds)
    assert caught.value.field == field


def test_refuses_what_is_no_graph(tmp_path):
    with pytest.raises(ContractError, match="expected a file"):
        OnnxModel(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("not a graph")
    with pytest.raises(ContractError, match="expected an ONNX graph"):
        OnnxModel(tmp_path / "text.onnx")


def test_refuses_threads_that_are_no_number(graph_path, monkeypatch):
    monkeypatch.setenv(THREADS_VARIABLE, "many")
    with pytest.raises(ContractError, match=THREADS_VARIABLE):
        OnnxModel(graph_path)
