"""Rows → the tensors of one version, by its feature schema (order, dtype, default, bounds).

Each tensor's bytes are row-major, so a batch is the concatenation of its requests' bytes.
"""

import struct
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import INPUT_SOURCE, Feature, FeatureSchema, TensorBlock
from bentos.contract.signature import InputSpec, ModelSignature
from gateway.rows import Row, attribute

_STRUCT_CODES = {"b1": "?", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i1": "b", "i2": "h",
                 "i4": "i", "i8": "q", "f2": "e", "f4": "f", "f8": "d"}  # fmt: skip

PackBlock = Callable[[Sequence[Row]], bytes]
ReadRow = Callable[[Row], Sequence[Any]]


class Packer:
    """Packs rows for one version; immutable, shared by all requests."""

    def __init__(self, schema: FeatureSchema, signature: ModelSignature) -> None:
        for feature in schema.features:
            if feature.source_kind != INPUT_SOURCE:
                raise ContractError(
                    f"schema.features.{feature.name}.source",
                    "input:<name>, as no online feature store is configured",
                    feature.source,
                )
        self.schema_digest = schema.digest()
        self.blocks = schema.tensors()
        inputs = {spec.name: spec for spec in signature.inputs}
        self._pack = tuple(_block_packer(block, inputs) for block in self.blocks)

    def pack(self, rows: Sequence[Row]) -> tuple[bytes, ...]:
        """One bytes object per tensor, shape [len(rows), width], little-endian row-major."""
        return tuple([pack(rows) for pack in self._pack])


def _block_packer(block: TensorBlock, inputs: dict[str, InputSpec]) -> PackBlock:
    if block.datatype is Datatype.BYTES:
        return _bytes_packer(block)
    code = _STRUCT_CODES[ARRAY_TYPES[block.datatype][1:]]
    pack = struct.Struct(f"<{block.width}{code}").pack
    read = _row_reader(block, inputs)
    return _rows_packer(pack, read)


def _rows_packer(pack: Callable[..., bytes], read: ReadRow) -> PackBlock:
    def pack_rows(rows: Sequence[Row]) -> bytes:
        if len(rows) == 1:
            return pack(*read(rows[0]))
        return b"".join([pack(*read(row)) for row in rows])

    return pack_rows


def _row_reader(block: TensorBlock, inputs: dict[str, InputSpec]) -> ReadRow:
    """The values of one row; the common case (plain numbers) is one attrgetter call."""
    names = [attribute(feature.source_name) for feature in block.features]
    get = attrgetter(*names)
    specs = [inputs[feature.source_name] for feature in block.features]
    if any(
        feature.width > 1 or spec.shape for feature, spec in zip(block.features, specs, strict=True)
    ):
        return _wide_reader(block, get)
    fills = tuple(_fill(feature) for feature in block.features)
    clips = _clips(block.features, specs)
    single = len(names) == 1

    def read(row: Row) -> Sequence[Any]:
        values: Sequence[Any] = (get(row),) if single else get(row)
        if None in values:
            values = [
                fill if value is None else value for value, fill in zip(values, fills, strict=True)
            ]
        return clip(values, clips) if clips else values

    return read


def clip(values: Sequence[Any], clips: Sequence[tuple[int, float, float]]) -> list[Any]:
    """Clip the values at the given positions to their feature's bounds; NaN stays NaN."""
    clipped = list(values)
    for position, low, high in clips:
        value = clipped[position]
        if value < low:
            clipped[position] = low
        elif value > high:
            clipped[position] = high
    return clipped


def _clips(features: Sequence[Feature], specs: Sequence[InputSpec]) -> tuple[Any, ...]:
    """Positions whose feature bounds are tighter than what the signature already refuses."""
    clips = []
    for position, (feature, spec) in enumerate(zip(features, specs, strict=True)):
        low = float("-inf") if feature.minimum is None else feature.minimum
        high = float("inf") if feature.maximum is None else feature.maximum
        spec_low = float("-inf") if spec.minimum is None else spec.minimum
        spec_high = float("inf") if spec.maximum is None else spec.maximum
        if low > spec_low or high < spec_high:
            clips.append((position, low, high))
    return tuple(clips)


def _wide_reader(block: TensorBlock, get: ReadRow) -> ReadRow:
    """Features of several columns: lists are cut to their width and padded with the default."""
    features = block.features
    single = len(features) == 1

    def read(row: Row) -> Sequence[Any]:
        values = (get(row),) if single else get(row)
        columns: list[Any] = []
        for feature, value in zip(features, values, strict=True):
            fill = _fill(feature)
            taken = _flatten(value, fill)[: feature.width]
            columns.extend(taken)
            columns.extend([fill] * (feature.width - len(taken)))
        return columns

    return read


def _flatten(value: Any, fill: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [item for part in value for item in _flatten(part, fill)]
    return [value]


def _fill(feature: Feature) -> Any:
    """What stands for a missing value: the default, NaN where a float has none."""
    if feature.datatype in (Datatype.FP16, Datatype.FP32, Datatype.FP64):
        return float("nan") if feature.default is None else float(feature.default)
    return int(feature.default or 0)


def _bytes_packer(block: TensorBlock) -> PackBlock:
    names = [attribute(feature.source_name) for feature in block.features]

    def pack_rows(rows: Sequence[Row]) -> bytes:
        parts: list[bytes] = []
        for row in rows:
            for name in names:
                data = (getattr(row, name) or "").encode()
                parts.append(struct.pack("<I", len(data)) + data)
        return b"".join(parts)

    return pack_rows
