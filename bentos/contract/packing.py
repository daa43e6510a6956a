"""Rows → the tensors of one version, by its feature schema (order, dtype, default, bounds).

Each tensor's bytes are row-major, so a batch is the concatenation of its requests' bytes.
Fields of feature views, where a schema reads any, are packed beside the inputs
(``view_packing.py``); a block of inputs alone is packed the same way whether or not.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from bentos.contract.datatype import STRUCT_CODES, Datatype
from bentos.contract.features import (
    VIEW_SOURCE,
    Feature,
    FeatureSchema,
    TensorBlock,
    check_views,
    views_of,
)
from bentos.contract.rows import Row, attribute, reader
from bentos.contract.signature import InputSpec, ModelSignature
from bentos.contract.view_packing import Known, PackKnown, column, fill_of, known_packer

# A feature of another kind than its input, a text as a number say.
_PACKING_ERRORS = (struct.error, TypeError, ValueError, OverflowError, AttributeError)

PackBlock = Callable[[Sequence[Row]], bytes]
ReadRow = Callable[[Row], Sequence[Any]]


class Packer:
    """Packs rows for one version; immutable, shared by all requests.

    ``unpackable`` makes what is raised for an input that is of no use to its feature.
    """

    def __init__(
        self,
        schema: FeatureSchema,
        signature: ModelSignature,
        unpackable: Callable[[str], Exception] = ValueError,
    ) -> None:
        """Raises ContractError for a view that is not declared or about no entity of the model."""
        self._make_error = unpackable
        check_views(schema, signature)
        self.schema_digest = schema.digest()
        self.blocks = schema.tensors()
        self.views = views_of(schema)
        "Views to look up first; their fields are handed to ``pack_known`` in this order."
        inputs = {spec.name: spec for spec in signature.inputs}
        tags = [view.tag for view in self.views]
        self._pack_known = tuple(_known_packer(block, inputs, tags) for block in self.blocks)
        self._pack = tuple(
            _nothing_known(pack, len(tags)) if _reads_views(block) else _block_packer(block, inputs)
            for block, pack in zip(self.blocks, self._pack_known, strict=True)
        )

    def pack(self, rows: Sequence[Row]) -> tuple[bytes, ...]:
        """One bytes object per tensor, shape [len(rows), width], little-endian row-major.

        Fields of views take their defaults. Raises what ``unpackable`` makes.
        """
        try:
            return tuple([pack(rows) for pack in self._pack])
        except _PACKING_ERRORS as error:
            raise self._unpackable() from error

    def pack_known(self, rows: Sequence[Row], known: Known) -> tuple[bytes, ...]:
        """The same with what was looked up: per row, per view, field → value."""
        try:
            return tuple([pack(rows, known) for pack in self._pack_known])
        except _PACKING_ERRORS as error:
            raise self._unpackable() from error

    def _unpackable(self) -> Exception:
        # The error's own text may hold the value.
        return self._make_error(
            f"schema {self.schema_digest[:12]}: an input is of no use to its feature"
        )


def _reads_views(block: TensorBlock) -> bool:
    return any(feature.source_kind == VIEW_SOURCE for feature in block.features)


def _known_packer(
    block: TensorBlock, inputs: dict[str, InputSpec], views: Sequence[str]
) -> PackKnown:
    if _reads_views(block):
        code = STRUCT_CODES[block.datatype]
        return known_packer(block, views, struct.Struct(f"<{block.width}{code}").pack)
    plain = _block_packer(block, inputs)
    return lambda rows, _: plain(rows)


def _nothing_known(pack: PackKnown, views: int) -> PackBlock:
    nothing: tuple[dict[str, Any], ...] = ({},) * views
    return lambda rows: pack(rows, [nothing] * len(rows))


def _block_packer(block: TensorBlock, inputs: dict[str, InputSpec]) -> PackBlock:
    if block.datatype is Datatype.BYTES:
        return _bytes_packer(block)
    code = STRUCT_CODES[block.datatype]
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
    sources = [feature.source_name for feature in block.features]
    get = reader(sources, tuple(inputs))
    specs = [inputs[feature.source_name] for feature in block.features]
    if not all(map(_takes_as_it_is, block.features, specs)):
        return _wide_reader(block, get)
    fills = tuple(fill_of(feature) for feature in block.features)
    clips = _clips(block.features, specs)

    def read(row: Row) -> Sequence[Any]:
        values: Sequence[Any] = get(row)
        if None in values:
            values = [
                fill if value is None else value for value, fill in zip(values, fills, strict=True)
            ]
        return clip(values, clips) if clips else values

    return read


def _takes_as_it_is(feature: Feature, spec: InputSpec) -> bool:
    """Whether whatever the signature lets through is one number the feature can hold."""
    if feature.width > 1 or spec.shape:
        return False
    same = feature.datatype is spec.datatype
    return same or feature.datatype in (Datatype.BOOL, Datatype.FP32, Datatype.FP64)


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
    """Features of several columns, or of a narrower datatype than their input's: lists are cut
    to their width and padded with the default, numbers are brought into the datatype's range."""
    columns = tuple(column(feature) for feature in block.features)

    def read(row: Row) -> Sequence[Any]:
        taken: list[Any] = []
        for take, value in zip(columns, get(row), strict=True):
            taken += take(value)
        return taken

    return read


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
