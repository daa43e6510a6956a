"""ONNX files that are byte-identical for equal models.

Raw converter output depends on set order, so two runs may differ in bytes only; the digest of
a version must not. Nothing of time or machine goes into the file: that is the manifest's.
"""

import warnings
from typing import Any

import numpy as np
import onnx

OPSET = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 9


def canonical_bytes(model: onnx.ModelProto, name: str) -> bytes:
    """The one serialisation of a graph: sorted, unnamed producer, fixed opset and IR version."""
    model.ClearField("producer_name")
    model.ClearField("producer_version")
    model.ClearField("doc_string")
    model.ClearField("metadata_props")
    model.ir_version = IR_VERSION
    model.graph.name = name
    model.graph.ClearField("doc_string")
    _set_opset(model)
    for node in model.graph.node:
        node.ClearField("doc_string")
        _sort(node.attribute)
    _sort(model.graph.initializer)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def convert(estimator: Any, width: int, **options: Any) -> onnx.ModelProto:
    """Trees on ``width`` float32 columns, by skl2onnx, under the project's opset."""
    from skl2onnx import to_onnx  # noqa: PLC0415 - slow to import

    sample = np.zeros((1, width), dtype=np.float32)
    with warnings.catch_warnings():
        # skl2onnx 1.20 writes booleans into integers; hence the pin protobuf<7.
        warnings.filterwarnings("ignore", "Field onnx.AttributeProto.ints", DeprecationWarning)
        return to_onnx(
            estimator,
            sample,
            target_opset=OPSET,
            options={id(estimator): options} if options else None,
        )


def make_model(
    nodes: list[Any], name: str, inputs: list[Any], outputs: list[Any], initializers: list[Any]
) -> onnx.ModelProto:
    """A model of hand-made nodes under the project's opset."""
    graph = onnx.helper.make_graph(nodes, name, inputs, outputs, initializers)
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in OPSET.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def constant(name: str, array: np.ndarray[Any, Any]) -> Any:
    """An initializer."""
    return onnx.numpy_helper.from_array(np.asarray(array, order="C"), name)


def tensor(name: str, kind: int, columns: int | None) -> Any:
    """A graph input or output of [rows] or [rows, columns]."""
    shape: list[str | int] = ["rows"] if columns is None else ["rows", columns]
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def edge_rows(sample: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Around float32 rows [n, F]: each column missing, zero and extreme; all missing; all zero."""
    width = sample.shape[1]
    rows = [np.full(width, np.nan), np.zeros(width), np.full(width, 1e30), np.full(width, -1e30)]
    for column in range(width):
        for index, value in enumerate((np.nan, 0.0, -1.0, 1e30, -1e30)):
            row = sample[(column + index) % len(sample)].copy()
            row[column] = value
            rows.append(row)
    return np.stack(rows).astype(np.float32)


def _set_opset(model: onnx.ModelProto) -> None:
    del model.opset_import[:]
    for domain in sorted(OPSET):
        entry = model.opset_import.add()
        entry.domain, entry.version = domain, OPSET[domain]


def _sort(field: Any) -> None:
    ordered = sorted(field, key=lambda item: item.name)
    copies = [type(item).FromString(item.SerializeToString(deterministic=True)) for item in ordered]
    del field[:]
    field.extend(copies)
