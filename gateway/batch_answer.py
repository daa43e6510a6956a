"""What a version answered for a batch, checked against the model's signature.

dtype, shape, finiteness and bounds are checked once per batch with numpy; a bad row fails
its own request only, a wrong dtype or shape fails the batch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bentos.contract import oip
from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError, shorten
from bentos.contract.rows import Row, attribute
from bentos.contract.signature import ModelSignature, OutputSpec
from gateway.errors import BadAnswer

# Float32 rounding of a Decimal bound; a probability of 1.0000001 is not garbage.
BOUND_TOLERANCE = 1e-6
_FLOATS = {Datatype.FP16, Datatype.FP32, Datatype.FP64}
# numpy's kinds of what a JSON list may hold: it would read "3" as 3, 1.7 as the integer 1 and
# "false" as true. A null among numbers ("O") becomes NaN, which fails its own row.
_JSON_KINDS = {Datatype.BOOL: "b", **dict.fromkeys(_FLOATS, "iufO")}
_JSON_INTEGERS = "iu"


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Columns by output name, each a list of one value per row; rows that broke a bound."""

    columns: dict[str, list[Any]]
    bad_rows: dict[int, str]

    def slice(self, start: int, rows: int) -> dict[str, list[Any]]:
        """One request's part; raises BadAnswer if one of its rows is bad."""
        end = start + rows
        if self.bad_rows:
            for row in range(start, end):
                if row in self.bad_rows:
                    raise BadAnswer(self.bad_rows[row])
        return {name: values[start:end] for name, values in self.columns.items()}


def read_batch(
    signature: ModelSignature, body: bytes, header_length: str | None, rows: int
) -> BatchAnswer:
    """Decode and check an Open Inference Protocol answer for ``rows`` rows.

    Raises BadAnswer when the answer as a whole is not what the signature promises.
    """
    try:
        tensors = {
            tensor.name: tensor for tensor in oip.decode_response(body, header_length).outputs
        }
    except ContractError as error:
        raise BadAnswer(f"{error.field}: expected {error.expected}", error.got) from error
    columns: dict[str, list[Any]] = {}
    bad_rows: dict[int, str] = {}
    for spec in signature.outputs:
        tensor = tensors.get(spec.name)
        if tensor is None:
            raise BadAnswer(f"outputs: expected {spec.name!r}, got {sorted(tensors)}")
        if spec.datatype is Datatype.BYTES:
            columns[spec.name] = _texts(spec, tensor, rows)
            continue
        array = _array(spec, tensor, rows)
        _check_values(spec, array, bad_rows)
        columns[spec.name] = array.tolist()
    return BatchAnswer(columns, bad_rows)


def check_band_inputs(bands: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
    """Raise ContractError if a row's band is upside down: no answer could lie in it."""
    for low_name, high_name in bands:
        for index, row in enumerate(rows):
            low, high = getattr(row, attribute(low_name)), getattr(row, attribute(high_name))
            if low is not None and high is not None and low > high:
                field = f"instances[{index}].{low_name}"
                raise ContractError(field, f"at most {high_name} ({high})", low)


def check_bands(
    signature: ModelSignature, rows: Sequence[Row], outputs: dict[str, list[Any]]
) -> None:
    """Raise BadAnswer if an output lies outside the band its inputs give (a price)."""
    for spec in signature.outputs:
        if spec.band is None:
            continue
        low_name, high_name = map(attribute, spec.band)
        for row, value in zip(rows, outputs[spec.name], strict=True):
            low, high = getattr(row, low_name), getattr(row, high_name)
            if low is None or high is None:
                continue
            slack = BOUND_TOLERANCE * max(1.0, abs(low), abs(high))
            if not low - slack <= value <= high + slack:
                raise BadAnswer(f"{spec.name}: expected a value in [{low}, {high}], got {value}")


def _array(spec: OutputSpec, tensor: oip.Tensor, rows: int) -> npt.NDArray[Any]:
    shape = _shape(spec, tensor, rows)
    dtype = np.dtype(ARRAY_TYPES[spec.datatype])
    try:
        if tensor.raw is not None:
            return np.frombuffer(tensor.raw, dtype).reshape(shape)
        return _from_json(spec, tensor.data, dtype).reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadAnswer(f"{spec.name}: expected {spec.datatype} data", str(error)) from error


def _shape(spec: OutputSpec, tensor: oip.Tensor, rows: int) -> tuple[int, ...]:
    """The shape of the output's rows; raises BadAnswer for another datatype or shape."""
    if tensor.datatype is not spec.datatype:
        raise BadAnswer(f"{spec.name}: expected {spec.datatype}, got {tensor.datatype}")
    expected = (rows, *spec.shape)
    shape = tensor.shape
    if shape == (rows, 1) and not spec.shape:
        # sklearn-onnx gives a column where the signature says one value a row.
        shape = (rows,)
    fits = len(shape) == len(expected) and all(
        want in (-1, got) for want, got in zip(expected, shape, strict=True)
    )
    if not fits:
        raise BadAnswer(f"{spec.name}: expected shape {list(expected)}, got {list(tensor.shape)}")
    return shape


def _from_json(spec: OutputSpec, data: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    values = np.asarray(data)
    kinds = _JSON_KINDS.get(spec.datatype, _JSON_INTEGERS)
    kind = values.dtype.kind
    if kind not in kinds or (kind == "O" and any(isinstance(each, str) for each in values.flat)):
        raise BadAnswer(f"{spec.name}: expected {spec.datatype} data", shorten(data))
    # What is too large for the type becomes infinite, and is refused as such.
    with np.errstate(over="ignore"):
        return np.asarray(data, dtype)


def _check_values(spec: OutputSpec, array: npt.NDArray[Any], bad_rows: dict[int, str]) -> None:
    good = np.isfinite(array) if spec.datatype in _FLOATS else np.ones(array.shape, bool)
    if spec.minimum is not None:
        good &= ~(array < spec.minimum - BOUND_TOLERANCE)
    if spec.maximum is not None:
        good &= ~(array > spec.maximum + BOUND_TOLERANCE)
    if good.all():
        return
    by_row = good.reshape(len(array), -1).all(axis=1)
    for row in np.flatnonzero(~by_row).tolist():
        bad_rows[row] = (
            f"{spec.name}: expected finite values in [{spec.minimum}, {spec.maximum}], "
            f"got {array[row].tolist()}"
        )


def _texts(spec: OutputSpec, tensor: oip.Tensor, rows: int) -> list[Any]:
    shape = _shape(spec, tensor, rows)
    data = tensor.data if tensor.raw is None else _split_bytes(spec, tensor.raw)
    texts = np.array(data, object)
    count = math.prod(shape)
    fits = texts.shape in ((count,), tensor.shape)
    if not fits or not all(isinstance(text, str) for text in texts.flat):
        raise BadAnswer(f"{spec.name}: expected {count} strings", shorten(data))
    columns: list[Any] = texts.reshape(shape).tolist()
    return columns


def _split_bytes(spec: OutputSpec, raw: memoryview) -> list[str]:
    """BYTES elements: a uint32 LE length and that many bytes each."""
    texts, offset = [], 0
    while offset < len(raw):
        length = int.from_bytes(raw[offset : offset + 4], "little")
        end = offset + 4 + length
        if end > len(raw):
            raise BadAnswer(f"{spec.name}: expected {length} bytes, got a shorter blob")
        try:
            texts.append(bytes(raw[offset + 4 : end]).decode())
        except UnicodeDecodeError as error:
            raise BadAnswer(f"{spec.name}: expected UTF-8 text", str(error)) from error
        offset = end
    return texts
