"""POST /v2/models/{model}/infer — Open Inference Protocol v2, JSON and binary tensors.

One tensor per named input, first dimension N. Who is routed travels in ``parameters``:
targeting_key, attr.<name>, timeout (µs), version.
"""

import math
from typing import Any

import msgspec
import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import InputSpec, ModelSignature
from gateway.query import Query, check_timeout
from gateway.rows import to_rows
from gateway.snapshot import ModelView

ATTRIBUTE_PREFIX = "attr."
_FLOATS = {Datatype.FP16, Datatype.FP32, Datatype.FP64}


def decode(view: ModelView, body: bytes, header_length: str | None, max_rows: int) -> Query:
    """Decode and validate; raises ContractError naming the field."""
    request = oip.decode_request(body, header_length)
    _check_outputs(view.signature, request)
    specs = {spec.name: spec for spec in view.signature.inputs}
    columns: dict[str, list[Any]] = {}
    for index, tensor in enumerate(request.inputs):
        field = f"inputs[{index}]"
        spec = specs.get(tensor.name)
        if spec is None or tensor.name in columns:
            raise ContractError(
                f"{field}.name", f"each of {sorted(specs)} at most once", tensor.name
            )
        # Before a row exists: a tensor of 0 bytes may claim millions of them.
        if not tensor.shape or not 1 <= tensor.shape[0] <= max_rows:
            raise ContractError(f"{field}.shape", f"1 to {max_rows} rows", list(tensor.shape))
        columns[tensor.name] = _column(spec, tensor, field)
    rows = _to_dicts(columns)
    parameters = request.parameters
    attributes = {
        name.removeprefix(ATTRIBUTE_PREFIX): value
        for name, value in parameters.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    timeout = parameters.get("timeout")
    return Query(
        to_rows(rows, view.row_type),
        parameters.get("targeting_key"),
        attributes,
        _text(parameters.get("version"), "parameters.version"),
        None if timeout is None else check_timeout(_micro(timeout), "parameters.timeout"),
        request,
    )


def encode(
    signature: ModelSignature,
    request: oip.InferRequest,
    outputs: dict[str, list[Any]],
    facts: dict[str, Any],
) -> tuple[bytes, int | None]:
    """The answer's body and the length of its JSON (None when nothing is binary)."""
    wanted = None if request.outputs is msgspec.UNSET else {o.name for o in request.outputs}
    tensors = [
        _tensor(
            spec.name,
            spec.datatype,
            spec.shape,
            outputs[spec.name],
            oip.wants_binary(request, spec.name),
        )
        for spec in signature.outputs
        if wanted is None or spec.name in wanted
    ]
    return oip.encode(
        oip.InferResponse(
            model_name=signature.model,
            model_version=str(facts["model_version"]),
            id=request.id,
            parameters={key: value for key, value in facts.items() if value is not None},
            outputs=tensors,
        )
    )


def _column(spec: InputSpec, tensor: oip.Tensor, field: str) -> list[Any]:
    """One value (or list) per row, as JSON would carry it; NaN counts as missing."""
    if tensor.datatype is not spec.datatype:
        raise ContractError(f"{field}.datatype", spec.datatype.value, tensor.datatype.value)
    shape = tensor.shape
    if len(shape) < 1 or (not spec.shape and math.prod(shape[1:]) != 1):
        raise ContractError(f"{field}.shape", f"[rows{', n' if spec.shape else ''}]", list(shape))
    flat = _values(spec, tensor, field)
    if not spec.shape:
        return flat
    width = math.prod(shape[1:])
    return [flat[row * width : (row + 1) * width] for row in range(shape[0])]


def _values(spec: InputSpec, tensor: oip.Tensor, field: str) -> list[Any]:
    if tensor.raw is None:
        flat = _flatten(tensor.data, len(tensor.shape))
        if len(flat) != math.prod(tensor.shape):
            raise ContractError(f"{field}.data", f"{math.prod(tensor.shape)} values", len(flat))
        return flat
    if spec.datatype is Datatype.BYTES:
        return _byte_strings(tensor.raw, math.prod(tensor.shape), field)
    values: list[Any] = np.frombuffer(tensor.raw, ARRAY_TYPES[spec.datatype]).tolist()
    if spec.datatype in _FLOATS:
        return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN
    return values


def _byte_strings(raw: memoryview, count: int, field: str) -> list[str]:
    texts, offset = [], 0
    while offset + 4 <= len(raw):
        length = int.from_bytes(raw[offset : offset + 4], "little")
        texts.append(bytes(raw[offset + 4 : offset + 4 + length]))
        offset += 4 + length
    if offset != len(raw) or len(texts) != count:
        raise ContractError(field, f"{count} length-prefixed elements", f"{len(texts)}")
    try:
        return [text.decode() for text in texts]
    except UnicodeDecodeError as error:
        raise ContractError(field, "UTF-8 text", str(error)) from error


def _flatten(data: Any, levels: int) -> list[Any]:
    """Nested or flat is the caller's choice; never more levels than the shape has."""
    flat: list[Any] = data
    for _ in range(levels - 1):
        if not any(isinstance(item, list) for item in flat):
            break
        flat = [value for item in flat for value in (item if isinstance(item, list) else (item,))]
    return flat


def _to_dicts(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ContractError("inputs", "the same first dimension in every tensor", sorted(lengths))
    names = tuple(columns)
    return [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    ]


def _check_outputs(signature: ModelSignature, request: oip.InferRequest) -> None:
    """Raise ContractError if an unknown output is asked for."""
    if request.outputs is msgspec.UNSET:
        return
    known = {spec.name for spec in signature.outputs}
    for index, wanted in enumerate(request.outputs):
        if wanted.name not in known:
            raise ContractError(f"outputs[{index}].name", f"one of {sorted(known)}", wanted.name)


def _tensor(
    name: str, datatype: Datatype, row_shape: tuple[int, ...], values: list[Any], binary: bool
) -> oip.Tensor:
    if datatype is Datatype.BYTES:
        return oip.Tensor(name=name, shape=(len(values),), datatype=datatype, data=values)
    array = np.asarray(values, ARRAY_TYPES[datatype])
    shape = array.shape if len(values) else (0, *row_shape)
    if binary:
        return oip.Tensor(name=name, shape=shape, datatype=datatype, raw=array.tobytes())
    return oip.Tensor(name=name, shape=shape, datatype=datatype, data=array.ravel().tolist())


def _text(value: Any, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ContractError(field, "a string", value)
    return value


def _micro(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ContractError("parameters.timeout", "microseconds", value)
    try:
        return float(value) / 1000
    except ValueError:
        raise ContractError("parameters.timeout", "microseconds", value) from None
