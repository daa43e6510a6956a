"""POST /v2/models/{model}/infer — Open Inference Protocol v2, JSON and binary tensors.

One tensor per named input, first dimension N. Who is routed travels in ``parameters``:
targeting_key, attr.<name>, timeout (µs), version, consent.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.rows import to_rows
from bentos.contract.signature import ModelSignature, OutputSpec
from gateway.query import Query, check_timeout
from gateway.raw_request import is_raw, read_raw
from gateway.snapshot import ModelView
from gateway.tensor_columns import read_column, usual_column
from gateway.versions import short

ATTRIBUTE_PREFIX = "attr."
# Promises of extensions nobody here keeps: better refused than silently broken. Triton reserves
# its prefix and answers 400 as well.
_REFUSED_PARAMETERS = ("sequence_", "triton_")
_REFUSED_OUTPUT_PARAMETERS = ("classification", "shared_memory_region")


def decode(view: ModelView, body: bytes, header_length: str | None, max_rows: int) -> Query:
    """Decode and validate; raises ContractError naming the field."""
    if is_raw(header_length):
        request = read_raw(view.signature, body)
    else:
        request = oip.decode_request(body, header_length)
    _check_outputs(view.signature, request)
    specs = view.inputs
    columns: dict[str, list[Any]] = {}
    # Fields are named for errors only: a request may have dozens of tensors.
    for index, tensor in enumerate(request.inputs):
        name, shape = tensor.name, tensor.shape
        spec = specs.get(name)
        if spec is None or name in columns:
            raise ContractError(
                f"inputs[{index}].name", f"each of {sorted(specs)} at most once", name
            )
        # Before a row exists: a tensor of 0 bytes may claim millions of them.
        if not shape or not 1 <= shape[0] <= max_rows:
            raise ContractError(f"inputs[{index}].shape", f"1 to {max_rows} rows", list(shape))
        column = usual_column(spec, tensor)
        if column is None:
            column = read_column(spec, tensor, f"inputs[{index}]")
        columns[name] = column
    rows = _to_dicts(columns)
    parameters = request.parameters
    attributes = _attributes(parameters)
    timeout = parameters.get("timeout")
    return Query(
        to_rows(rows, view.row_type),
        parameters.get("targeting_key"),
        attributes,
        _text(parameters.get("version"), "parameters.version"),
        None if timeout is None else _timeout(timeout),
        request,
        parameters.get("consent"),
    )


def encode(
    signature: ModelSignature,
    request: oip.InferRequest,
    outputs: dict[str, list[Any]],
    facts: dict[str, Any],
) -> tuple[bytes, int | None]:
    """The answer's body and the length of its JSON (None when nothing is binary)."""
    # An empty list asks for nothing by name, which is what leaving it out means.
    wanted = {o.name for o in request.outputs} if request.outputs else None
    tensors = [
        _tensor(spec, outputs[spec.name], binary=oip.wants_binary(request, spec.name))
        for spec in signature.outputs
        if wanted is None or spec.name in wanted
    ]
    return oip.encode(
        oip.InferResponse(
            model_name=signature.model,
            model_version=short(facts["model_version"]),
            id=request.id,
            parameters={key: value for key, value in facts.items() if value is not None},
            outputs=tensors,
        )
    )


def _attributes(parameters: dict[str, Any]) -> dict[str, Any]:
    """The caller's attributes among the parameters; unknown parameters pass, as in Triton."""
    attributes: dict[str, Any] = {}
    for name, value in parameters.items():
        if name.startswith(ATTRIBUTE_PREFIX):
            attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = value
        elif name.startswith(_REFUSED_PARAMETERS):
            raise ContractError(
                f"parameters.{name}", "no such parameter", value, "No model here keeps state."
            )
        elif name == oip.BINARY_OUTPUT_ALL and not isinstance(value, bool):
            raise ContractError(f"parameters.{name}", "true or false", value)
    return attributes


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
    """Raise ContractError for an unknown output, or one asked for in a form nobody here has."""
    if not request.outputs:
        return
    known = {spec.name for spec in signature.outputs}
    for index, wanted in enumerate(request.outputs):
        field = f"outputs[{index}]"
        if wanted.name not in known:
            raise ContractError(f"{field}.name", f"one of {sorted(known)}", wanted.name)
        for name, value in wanted.parameters.items():
            if name in _REFUSED_OUTPUT_PARAMETERS:
                raise ContractError(f"{field}.parameters.{name}", "no such parameter", value)
            if name == oip.BINARY_OUTPUT and not isinstance(value, bool):
                raise ContractError(f"{field}.parameters.{name}", "true or false", value)


def _tensor(spec: OutputSpec, values: list[Any], *, binary: bool) -> oip.Tensor:
    """``values`` has one entry per row: a scalar, or lists nested as the output's shape."""
    name, datatype = spec.name, spec.datatype
    shape = (len(values), *spec.shape)
    if binary:
        array = _array(spec, values)
        raw = _bytes(array.ravel()) if datatype is Datatype.BYTES else array.tobytes()
        return oip.Tensor(name=name, shape=shape, datatype=datatype, raw=raw)
    data = _array(spec, values).ravel().tolist() if spec.shape else values
    return oip.Tensor(name=name, shape=shape, datatype=datatype, data=data)


def _array(spec: OutputSpec, values: list[Any]) -> npt.NDArray[Any]:
    return np.asarray(values, ARRAY_TYPES.get(spec.datatype, "O"))


def _bytes(values: Iterable[str]) -> bytes:
    """BYTES elements: a uint32 LE length and that many bytes each."""
    texts = [value.encode() for value in values]
    return b"".join([len(text).to_bytes(4, "little") + text for text in texts])


def _text(value: Any, field: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ContractError(field, "a string", value)
    return value


def _timeout(value: object) -> float | None:
    """Milliseconds; None for 0, by which Triton's clients say that they set none."""
    milliseconds = _micro(value)
    return check_timeout(milliseconds, "parameters.timeout") if milliseconds else None


def _micro(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ContractError("parameters.timeout", "microseconds", value)
    try:
        return float(value) / 1000
    except (ValueError, OverflowError):
        raise ContractError("parameters.timeout", "microseconds", value) from None
