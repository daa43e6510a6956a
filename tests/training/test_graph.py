"""Byte-identical files, and rows at the edges."""

import numpy as np
import onnx

from training import graph


def model_of(order):
    nodes = [
        onnx.helper.make_node("Add", ["x", "one"], ["y"]),
        onnx.helper.make_node("Mul", ["y", "two"], ["z"]),
    ]
    constants = [
        graph.constant("one", np.array(1, dtype=np.float32)),
        graph.constant("two", np.array(2, dtype=np.float32)),
    ]
    built = graph.make_model(
        nodes,
        "any",
        [graph.tensor("x", onnx.TensorProto.FLOAT, 3)],
        [graph.tensor("z", onnx.TensorProto.FLOAT, 3)],
        constants[::order],
    )
    built.producer_version = f"made at {order}"
    built.opset_import.append(built.opset_import[0])
    return built


def test_order_of_parts_and_producer_do_not_change_the_bytes():
    assert graph.canonical_bytes(model_of(1), "m") == graph.canonical_bytes(model_of(-1), "m")


def test_edge_rows_hold_every_column_missing_once():
    sample = np.ones((4, 5), dtype=np.float32)
    rows = graph.edge_rows(sample)
    missing = [tuple(np.flatnonzero(np.isnan(row))) for row in rows]
    assert {(column,) for column in range(5)} <= set(missing)
    assert (0, 1, 2, 3, 4) in missing
