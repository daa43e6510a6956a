"""Open Inference Protocol tensors to numpy arrays and back, JSON and binary."""

import struct
from typing import Any

import msgspec
import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.oip import Tensor

Array = np.ndarray[Any, Any]

_LENGTH = struct.Struct("<I")
_FLOATS = frozenset({Datatype.FP16, Datatype.FP32, Datatype.FP64})
_DTYPES = {kind: np.dtype(text) for kind, text in ARRAY_TYPES.items()}


def to_array(tensor: Tensor, field: str) -> Array:
    """The tensor's values in its shape; BYTES become an object array of str.

    JSON null is NaN for floats, which JSON cannot say otherwise. Raises ContractError
    naming ``field`` for wrong counts, types or ranges.
    """
    if tensor.raw is not None:
        return _from_raw(tensor, field)
    values = _flatten(tensor.data, tensor.shape, field)
    count = oip.element_count(tensor.shape, f"{field}.shape")
    if len(values) != count:
        raise ContractError(f"{field}.data", f"{count} values", len(values))
    return _from_values(values, tensor.datatype, field).reshape(tensor.shape)


def from_array(name: str, datatype: Datatype, array: Array, *, binary: bool) -> Tensor:
    """A tensor to answer with: raw row-major bytes, or flat values for JSON."""
    if not binary:
        return Tensor(name=name, shape=array.shape, datatype=datatype, data=array.ravel().tolist())
    if datatype is Datatype.BYTES:
        return Tensor(name=name, shape=array.shape, datatype=datatype, raw=_pack_strings(array))
    return Tensor(name=name, shape=array.shape, datatype=datatype, raw=array.tobytes())


def _from_raw(tensor: Tensor, field: str) -> Array:
    if tensor.datatype is Datatype.BYTES:
        values = _unpack_strings(tensor.raw, field)
        count = oip.element_count(tensor.shape, f"{field}.shape")
        if len(values) != count:
            raise ContractError(field, f"{count} strings", len(values))
        return _strings(values).reshape(tensor.shape)
    array = np.frombuffer(tensor.raw, _DTYPES[tensor.datatype]).reshape(tensor.shape)
    # The JSON head may end anywhere, and kernels may assume aligned numbers.
    return array if array.flags.aligned else array.copy()


def _from_values(values: list[Any], datatype: Datatype, field: str) -> Array:
    try:
        if datatype is Datatype.BYTES:
            return _strings(msgspec.convert(values, list[str]))
        if datatype is Datatype.BOOL:
            return np.array(msgspec.convert(values, list[bool]), dtype=np.bool_)
        if datatype in _FLOATS:
            numbers = msgspec.convert(values, list[float | None])
            return np.array(numbers, dtype=_DTYPES[datatype])
        return np.array(msgspec.convert(values, list[int]), dtype=_DTYPES[datatype])
    except (msgspec.ValidationError, OverflowError) as error:
        raise ContractError(f"{field}.data", f"{datatype.value} values", str(error)) from error


def _flatten(data: Any, shape: tuple[int, ...], field: str) -> list[Any]:
    """Accept flat and nested data; nested data must be nested as the shape says."""
    if not data or not isinstance(data[0], list):
        return list(data)
    values: list[Any] = data
    for depth, size in enumerate(shape):
        if depth == 0:
            _check_length(values, size, field)
            continue
        nested: list[Any] = []
        for part in values:
            if not isinstance(part, list):
                raise ContractError(f"{field}.data", f"lists nested as {list(shape)}", part)
            _check_length(part, size, field)
            nested.extend(part)
        values = nested
    return values


def _check_length(part: list[Any], size: int, field: str) -> None:
    if len(part) != size:
        raise ContractError(f"{field}.data", f"a list of {size} as in the shape", len(part))


def _strings(values: list[str]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _pack_strings(array: Array) -> bytes:
    parts = [str(value).encode() for value in array.ravel()]
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def _unpack_strings(raw: Any, field: str) -> list[str]:
    data, values, offset = bytes(raw), [], 0
    while offset < len(data):
        start = offset + _LENGTH.size
        if start > len(data):
            raise ContractError(field, "a 4-byte length before each string", "the end of data")
        (length,) = _LENGTH.unpack_from(data, offset)
        if start + length > len(data):
            raise ContractError(field, f"a string of {length} bytes", "the end of data")
        try:
            values.append(data[start : start + length].decode())
        except UnicodeDecodeError as error:
            raise ContractError(field, "UTF-8 strings", str(error)) from error
        offset = start + length
    return values
