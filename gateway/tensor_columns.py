"""Tensors of a request → one column of values per named input, as JSON would carry them."""

import math
from typing import Any

import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import InputSpec

_FLOATS = {Datatype.FP16, Datatype.FP32, Datatype.FP64}


def read_column(spec: InputSpec, tensor: oip.Tensor, field: str) -> list[Any]:
    """One value (or list) per row; NaN counts as missing. Raises ContractError."""
    if tensor.datatype is not spec.datatype:
        raise ContractError(f"{field}.datatype", spec.datatype.value, tensor.datatype.value)
    shape = tensor.shape
    data = tensor.data
    if not spec.shape and isinstance(data, list) and shape == (len(data),):
        return data  # the usual form: one value a row, written flat
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
