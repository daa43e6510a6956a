"""The pricing graph: grid of the band → demand trees → units → margin → best price."""

from typing import Any

import numpy as np
import onnx

from bentos.contract.errors import ContractError
from bentos.pricing.schema import CURVE_POINTS, FEATURE_NAMES, MODEL
from training import graph
from training.pricing.curve import REFERENCE

WIDTH = len(FEATURE_NAMES)


def build(trees: Any) -> bytes:
    """``features`` [rows, F], ``band`` [rows, 2], ``unit_cost`` [rows, 1] → the four outputs."""
    converted = graph.convert(trees, WIDTH + 1)
    nodes = list(converted.graph.node)
    if [node.op_type for node in nodes] != ["TreeEnsembleRegressor"]:
        raise ContractError(
            "converted trees", "one TreeEnsembleRegressor", [node.op_type for node in nodes]
        )
    ensemble = nodes[0]
    ensemble.input[0], ensemble.output[0] = "demand_rows", "logs"
    model = graph.make_model(
        [*_grid(), *_rows(), ensemble, *_choice()], MODEL, _inputs(), _outputs(), _constants()
    )
    return graph.canonical_bytes(model, MODEL)


def _node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


def _grid() -> list[Any]:
    return [
        _node("Gather", "band first", "low", axis=1),
        _node("Gather", "band second", "high", axis=1),
        _node("Sub", "high low", "span"),
        _node("Mul", "span steps", "climb"),
        _node("Add", "low climb", "raw_grid"),
        _node("Mul", "raw_grid cents", "in_cents"),
        _node("Round", "in_cents", "whole_cents"),
        _node("Div", "whole_cents cents", "rounded"),
        _node("Max", "rounded low", "not_below"),
        _node("Min", "not_below high", "curve_price"),
    ]


def _rows() -> list[Any]:
    return [
        _node("Gather", "features reference_column", "reference", axis=1),
        _node("Gather", "curve_price first", "grid_first", axis=1),
        _node("Gather", "curve_price last", "grid_last", axis=1),
        _node("Add", "grid_first grid_last", "ends"),
        _node("Mul", "ends half", "middle"),
        _node("Greater", "reference zero", "usable"),
        _node("Where", "usable reference middle", "base"),
        _node("Div", "curve_price base", "ratio"),
        _node("Unsqueeze", "features axis_one", "features_3d"),
        _node("Expand", "features_3d curve_shape", "repeated"),
        _node("Unsqueeze", "ratio axis_two", "ratio_3d"),
        _node("Concat", "repeated ratio_3d", "wide", axis=2),
        _node("Reshape", "wide row_shape", "demand_rows"),
    ]


def _choice() -> list[Any]:
    return [
        _node("Reshape", "logs grid_shape", "log_curve"),
        # exp(x) - 1 near zero keeps no digit of float32; a price may multiply what is left.
        _node("Cast", "log_curve", "wide_logs", to=onnx.TensorProto.DOUBLE),
        _node("Exp", "wide_logs", "grown"),
        _node("Sub", "grown unit", "wide_units"),
        _node("Cast", "wide_units", "raw_units", to=onnx.TensorProto.FLOAT),
        _node("Max", "raw_units zero", "curve_units"),
        _node("Sub", "curve_price unit_cost", "per_unit"),
        _node("Mul", "per_unit curve_units", "margins"),
        _node("ArgMax", "margins", "best", axis=1, keepdims=1),
        _node("GatherElements", "curve_price best", "price_2d", axis=1),
        _node("GatherElements", "margins best", "margin_2d", axis=1),
        _node("Squeeze", "price_2d axis_one", "price"),
        _node("Squeeze", "margin_2d axis_one", "expected_margin"),
    ]


def _inputs() -> list[Any]:
    return [
        graph.tensor("features", onnx.TensorProto.FLOAT, WIDTH),
        graph.tensor("band", onnx.TensorProto.FLOAT, 2),
        graph.tensor("unit_cost", onnx.TensorProto.FLOAT, 1),
    ]


def _outputs() -> list[Any]:
    return [
        graph.tensor("price", onnx.TensorProto.FLOAT, None),
        graph.tensor("expected_margin", onnx.TensorProto.FLOAT, None),
        graph.tensor("curve_price", onnx.TensorProto.FLOAT, CURVE_POINTS),
        graph.tensor("curve_units", onnx.TensorProto.FLOAT, CURVE_POINTS),
    ]


def _constants() -> list[Any]:
    floats = {"cents": 100, "half": 0.5, "zero": 0}
    integers = {
        "first": [0],
        "second": [1],
        "last": [CURVE_POINTS - 1],
        "reference_column": [REFERENCE],
        "axis_one": [1],
        "axis_two": [2],
        "curve_shape": [1, CURVE_POINTS, WIDTH],
        "row_shape": [-1, WIDTH + 1],
        "grid_shape": [-1, CURVE_POINTS],
    }
    steps = np.linspace(0, 1, CURVE_POINTS, dtype=np.float32)[None, :]
    return [
        graph.constant("steps", steps),
        graph.constant("unit", np.array(1.0)),
        *(graph.constant(name, np.array(v, dtype=np.float32)) for name, v in floats.items()),
        *(graph.constant(name, np.array(v, dtype=np.int64)) for name, v in integers.items()),
    ]
