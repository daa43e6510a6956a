"""A graph small enough to check by eye, for everything that runs one."""

import pytest
from onnx import TensorProto, helper, save


@pytest.fixture(scope="session")
def graph_path(tmp_path_factory):
    """total = sum of three features; best = position of the largest; echo = the label given."""
    nodes = [
        helper.make_node("ReduceSum", ["features", "axes"], ["total"], keepdims=0),
        helper.make_node("ArgMax", ["features"], ["best"], axis=1, keepdims=0),
        helper.make_node("Identity", ["label"], ["echo"]),
    ]
    graph = helper.make_graph(
        nodes,
        "sums",
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 3]),
            helper.make_tensor_value_info("label", TensorProto.INT64, ["rows", 1]),
        ],
        [
            helper.make_tensor_value_info("total", TensorProto.FLOAT, ["rows"]),
            helper.make_tensor_value_info("best", TensorProto.INT64, ["rows"]),
            helper.make_tensor_value_info("echo", TensorProto.INT64, ["rows", 1]),
        ],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path
