"""The recommendations graph: history ids in, ten ids and scores out, the same as ``blend``."""

from typing import Any

import numpy as np
import onnx

from bentos.recommendations.schema import HISTORY_LENGTH, MODEL, NO_PRODUCT, TOP_K
from training import graph
from training.recommendations.blend import EXCLUDED, TINY, Blend, own_factors, position_weights
from training.recommendations.statistics import Statistics


def build(statistics: Statistics, blend: Blend) -> bytes:
    """``history`` [rows, 64], ``exclude_bought`` [rows, 1] → ``product_ids``, ``scores``."""
    model = graph.make_model(
        [_places(statistics), *_weights(), *_parts(), *_answer()],
        MODEL,
        [
            graph.tensor("history", onnx.TensorProto.INT64, HISTORY_LENGTH),
            graph.tensor("exclude_bought", onnx.TensorProto.BOOL, 1),
        ],
        [
            graph.tensor("product_ids", onnx.TensorProto.INT64, TOP_K),
            graph.tensor("scores", onnx.TensorProto.FLOAT, TOP_K),
        ],
        _constants(statistics, blend),
    )
    return graph.canonical_bytes(model, MODEL)


def _node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


def _places(statistics: Statistics) -> Any:
    """Product ids to places; what is unknown, -1 included, to the dummy place K."""
    return _node(
        "LabelEncoder",
        "history",
        "places",
        domain="ai.onnx.ml",
        keys_int64s=statistics.ids.tolist(),
        values_int64s=list(range(statistics.size)),
        default_int64=statistics.size,
    )


def _weights() -> list[Any]:
    return [
        _node("Less", "places dummy", "known"),
        _node("Where", "known decays zero", "raw_weights"),
        # In float64 the order of adding, which depends on rows and machine, changes nothing.
        _node("Cast", "raw_weights", "wide_weights", to=onnx.TensorProto.DOUBLE),
        _node("ReduceSum", "wide_weights axis_one", "wide_total", keepdims=1),
        _node("Cast", "wide_total", "total", to=onnx.TensorProto.FLOAT),
        _node("Max", "total tiny", "divisor"),
        _node("Div", "raw_weights divisor", "weights"),
        _node("Shape", "history", "rows", start=0, end=1),
        _node("Concat", "rows row_width", "board_shape", axis=0),
        _node("ConstantOfShape", "board_shape", "board"),
    ]


def _parts() -> list[Any]:
    return [
        _node("Gather", "factors places", "own_factors", axis=0),
        _node("Mul", "weights own_factors", "own"),
        _node("ScatterElements", "board places own", "personal", axis=1, reduction="add"),
        _node("Gather", "neighbours places", "near", axis=0),
        _node("Gather", "similarity places", "near_similarity", axis=0),
        _node("Unsqueeze", "weights axis_two", "weights_3d"),
        _node("Mul", "near_similarity weights_3d", "near_weight"),
        _node("Reshape", "near flat", "near_places"),
        _node("Reshape", "near_weight flat", "near_scores"),
        _node(
            "ScatterElements", "board near_places near_scores", "similar", axis=1, reduction="add"
        ),
    ]


def _answer() -> list[Any]:
    topped = onnx.helper.make_node("TopK", ["in_catalogue", "count"], ["best", "best_places"])
    return [
        _node("Mul", "similar similar_weight", "similar_part"),
        _node("Add", "personal similar_part", "two_parts"),
        _node("Add", "two_parts popular_part", "blended"),
        _node("Greater", "personal zero", "was_bought"),
        _node("And", "was_bought exclude_bought", "left_out"),
        _node("Where", "left_out excluded blended", "masked"),
        _node("Slice", "masked slice_start slice_end axis_one", "in_catalogue"),
        topped,
        _node("Gather", "ids best_places", "best_ids", axis=0),
        _node("Less", "best zero", "nothing"),
        _node("Where", "nothing no_product best_ids", "few_ids"),
        _node("Max", "best zero", "few_scores"),
        # A catalogue smaller than the answer is filled up.
        _node("Pad", "few_ids padding no_product", "product_ids"),
        _node("Pad", "few_scores padding zero", "scores"),
    ]


def _constants(statistics: Statistics, blend: Blend) -> list[Any]:
    size, count = statistics.size, min(TOP_K, statistics.size)
    width = statistics.neighbours.shape[1]
    popular = statistics.popularity * np.float32(blend.popular)
    floats = {
        "decays": position_weights(blend.decay)[None, :],
        "factors": own_factors(statistics, blend.repeat_power, blend.trend_power),
        "similarity": statistics.similarity,
        "similar_weight": np.array(blend.similar),
        "popular_part": popular[None, :],
        "zero": np.array(0),
        "tiny": np.array(TINY),
        "excluded": np.array(EXCLUDED),
    }
    integers = {
        "dummy": np.array(size),
        "ids": statistics.ids,
        "neighbours": statistics.neighbours,
        "no_product": np.array(NO_PRODUCT),
        "axis_one": np.array([1]),
        "axis_two": np.array([2]),
        "row_width": np.array([size + 1]),
        "flat": np.array([-1, HISTORY_LENGTH * width]),
        "slice_start": np.array([0]),
        "slice_end": np.array([size]),
        "count": np.array([count]),
        "padding": np.array([0, 0, 0, TOP_K - count]),
    }
    return [
        *(graph.constant(name, array.astype(np.float32)) for name, array in floats.items()),
        *(graph.constant(name, array.astype(np.int64)) for name, array in integers.items()),
    ]
