"""A model as small as one can be: the sum of three inputs, so that every answer can be checked."""

from pathlib import Path

from onnx import TensorProto, helper, save

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

MODEL = "tiny"
NAMES = ("a", "b", "c")
OUTPUT = "total"

SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=tuple(
        InputSpec(
            name=name,
            datatype=Datatype.FP32,
            minimum=0,
            maximum=1000,
            required=name == "a",
            redaction=Redaction.PUBLIC,
        )
        for name in NAMES
    ),
    outputs=(OutputSpec(name=OUTPUT, datatype=Datatype.FP32),),
)
SCHEMA = FeatureSchema(
    model=MODEL,
    features=tuple(Feature(name=name, source=f"input:{name}", default=1.0) for name in NAMES),
)


def build_graph(path: Path, offset: float) -> None:
    """Write an ONNX graph: total = a + b + c + ``offset``, so that an answer tells its version."""
    nodes = [
        helper.make_node("ReduceSum", ["features", "axes"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "offset"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        MODEL,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", len(NAMES)])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
            helper.make_tensor("offset", TensorProto.FLOAT, [1], [offset]),
        ],
    )
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
