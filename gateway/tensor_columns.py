"""Tensors of a request → one column of values per named input, as JSON would carry them."""

import math
import struct
from typing import Any

import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, STRUCT_CODES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import InputSpec

_FLOATS = {Datatype.FP16, Datatype.FP32, Datatype.FP64}
# Lists with nothing in them take memory here and no bytes of the caller's.
MAX_EMPTY_LISTS = 1024
# One value is read without an array around it: a call may bring dozens of such tensors.
_ONE = (1,)
_READ_ONE = {kind: struct.Struct(f"<{code}").unpack for kind, code in STRUCT_CODES.items()}


def usual_column(spec: InputSpec, tensor: oip.Tensor) -> list[Any] | None:
    """``read_column`` of the usual forms: one value a row, flat, or one row's bytes; else None."""
    if tensor.datatype is not spec.datatype or spec.shape:
        return None
    raw, shape = tensor.raw, tensor.shape
    if raw is None:
        data = tensor.data
        return data if isinstance(data, list) and shape == (len(data),) else None
    read = _READ_ONE.get(spec.datatype) if shape == _ONE else None
    if read is None:
        return None
    (value,) = read(raw)
    return [value if value == value else None]  # noqa: PLR0124 - NaN


def read_column(spec: InputSpec, tensor: oip.Tensor, field: str) -> list[Any]:
    """One value (or list) per row; NaN counts as missing. Raises ContractError."""
    column = usual_column(spec, tensor)
    if column is not None:
        return column
    if tensor.datatype is not spec.datatype:
        raise ContractError(f"{field}.datatype", spec.datatype.value, tensor.datatype.value)
    shape = tensor.shape
    _check_shape(spec, shape, field)
    flat = _values(spec, tensor, field)
    if not spec.shape:
        return flat
    if len(spec.shape) == 1:
        return _nested(flat, (shape[0], math.prod(shape[1:])))
    return _nested(flat, shape)


def _check_shape(spec: InputSpec, shape: tuple[int, ...], field: str) -> None:
    """A row is one value however many dimensions say so, or one list, or nested as the
    signature has it."""
    row = shape[1:]
    if not spec.shape:
        fits = math.prod(row) == 1
    elif len(spec.shape) == 1:
        fits = True  # how long it is, the row's type checks
    else:
        fits = len(row) == len(spec.shape) and all(map(_fits, row, spec.shape))
        fits = fits and (0 not in row or math.prod(filter(None, row)) <= MAX_EMPTY_LISTS)
    if not shape or not fits:
        names = ["rows", *("n" if length < 0 else str(length) for length in spec.shape)]
        raise ContractError(f"{field}.shape", f"[{', '.join(names)}]", list(shape))


def _fits(length: int, wanted: int) -> bool:
    return wanted in (length, -1)


def _nested(flat: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """A list per row, with a list per dimension in it."""
    for level in range(len(shape) - 1, 0, -1):
        width = shape[level]
        flat = [flat[n * width : (n + 1) * width] for n in range(math.prod(shape[:level]))]
    return flat


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
