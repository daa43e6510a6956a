"""Named values of a request to the tensors of a version's schema, and answers back to names.

For callers who speak to a bento directly; the gateway packs rows itself, by the same schema.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import INPUT_SOURCE, Feature, FeatureSchema, TensorBlock
from bentos.contract.signature import InputSpec, ModelSignature
from bentos.onnx_model import ARRAY_DTYPES, Array

FLOATS = (Datatype.FP16, Datatype.FP32, Datatype.FP64)


def pack(
    instances: Sequence[Mapping[str, Any]], signature: ModelSignature, schema: FeatureSchema
) -> dict[str, Array]:
    """One tensor [rows, width] per block of the schema.

    Raises ContractError naming the instance and input that is missing, unknown, of another
    type or out of bounds.
    """
    if not instances:
        raise ContractError("instances", "at least one", "none")
    inputs = {spec.name: spec for spec in signature.inputs}
    rows = [_values(row, inputs, f"instances[{i}]") for i, row in enumerate(instances)]
    return {block.name: _tensor(block, rows) for block in schema.tensors()}


def unpack(answers: Mapping[str, Array], signature: ModelSignature) -> list[dict[str, Any]]:
    """One object a row, by output name."""
    columns = {spec.name: answers[spec.name].tolist() for spec in signature.outputs}
    count = len(next(iter(columns.values())))
    return [{name: column[row] for name, column in columns.items()} for row in range(count)]


def _values(row: Any, inputs: dict[str, InputSpec], field: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise ContractError(field, "an object of named inputs", row)
    unknown = sorted(set(row) - set(inputs))
    if unknown:
        raise ContractError(f"{field}.{unknown[0]}", f"one of {sorted(inputs)}", unknown[0])
    values = {}
    for name, spec in inputs.items():
        value = row.get(name)
        if value is None:
            if spec.required:
                raise ContractError(f"{field}.{name}", f"{spec.datatype.value}", "nothing")
            values[name] = spec.default
            continue
        values[name] = _checked(value, spec, f"{field}.{name}")
    return values


def _checked(value: Any, spec: InputSpec, field: str) -> Any:
    if not spec.shape:
        _check_scalar(value, spec, field)
        return value
    if not isinstance(value, list):
        raise ContractError(field, "a list", value)
    if spec.max_length is not None and len(value) > spec.max_length:
        raise ContractError(field, f"at most {spec.max_length} elements", f"{len(value)}")
    for index, item in enumerate(value):
        _check_scalar(item, spec, f"{field}[{index}]")
    return value


def _check_scalar(value: Any, spec: InputSpec, field: str) -> None:
    kind = spec.datatype
    if kind is Datatype.BOOL:
        fits = isinstance(value, bool)
    elif kind is Datatype.BYTES:
        fits = isinstance(value, str)
    else:
        allowed = int | float if kind in FLOATS else int
        lowest, highest = _range(kind)
        # NaN is within no range.
        fits = isinstance(value, allowed) and not isinstance(value, bool)
        fits = fits and lowest <= value <= highest
    if not fits:
        raise ContractError(field, kind.value, value)
    if spec.minimum is not None and value < spec.minimum:
        raise ContractError(field, f"at least {spec.minimum:g}", value)
    if spec.maximum is not None and value > spec.maximum:
        raise ContractError(field, f"at most {spec.maximum:g}", value)


@cache
def _range(kind: Datatype) -> tuple[float, float]:
    """Smallest and largest number the datatype holds: a larger one has no place in a tensor."""
    dtype = ARRAY_DTYPES[kind]
    limits = np.finfo(dtype) if kind in FLOATS else np.iinfo(dtype)
    number = float if kind in FLOATS else int
    return number(limits.min), number(limits.max)


def _tensor(block: TensorBlock, rows: list[dict[str, Any]]) -> Array:
    columns = [[v for f in block.features for v in _feature(f, row)] for row in rows]
    return np.array(columns, dtype=ARRAY_DTYPES[block.datatype])


def _feature(feature: Feature, row: dict[str, Any]) -> list[Any]:
    if feature.source_kind != INPUT_SOURCE:
        hint = "Feature views are looked up by the gateway: call the model there."
        raise ContractError(f"feature {feature.name}", "an input", feature.source, hint)
    missing = np.nan if feature.default is None else feature.default
    value = row[feature.source_name]
    given = value if isinstance(value, list) else [value]
    filled = [missing if item is None else item for item in given[: feature.width]]
    if feature.minimum is not None or feature.maximum is not None:
        filled = np.clip(filled, feature.minimum, feature.maximum).tolist()
    return [*filled, *([missing] * (feature.width - len(filled)))]
