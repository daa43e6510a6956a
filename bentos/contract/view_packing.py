"""Values of any shape → a feature's columns, and blocks that read feature views.

What a store holds is not checked by a model's signature, so everything is brought into the
datatype's range here: a stray value may cost accuracy, never an answer.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.features import FLOATS, INPUT_SOURCE, Feature, TensorBlock
from bentos.contract.rows import Row, attribute

Known = Sequence[Sequence[Mapping[str, Any]]]
"""Per row, per view of the schema: field → value."""
PackKnown = Callable[[Sequence[Row], Known], bytes]
Column = Callable[[Any], list[Any]]
_Source = Callable[[Row, Sequence[Mapping[str, Any]]], Any]

_FLOAT_LIMITS = {Datatype.FP16: 65504.0, Datatype.FP32: 3.4028234663852886e38}


def known_packer(block: TensorBlock, views: Sequence[str], pack: Callable[..., bytes]) -> PackKnown:
    """Packs a block whose features come from inputs and views. ``pack`` takes all columns."""
    parts = tuple((_source(feature, views), column(feature)) for feature in block.features)

    def pack_rows(rows: Sequence[Row], known: Known) -> bytes:
        packed = []
        for row, fields in zip(rows, known, strict=True):
            columns: list[Any] = []
            for source, take in parts:
                columns += take(source(row, fields))
            packed.append(pack(*columns))
        return b"".join(packed)

    return pack_rows


def column(feature: Feature) -> Column:
    """A feature's value → its ``width`` columns: lists are cut and padded with the default,
    what is missing or NaN takes the default, the rest is clipped to the feature's bounds."""
    width, fill = feature.width, fill_of(feature)
    low, high = _range(feature)
    whole = feature.datatype not in FLOATS

    def odd(value: Any) -> Any:
        if value is None or value != value:  # noqa: PLR0124 - NaN
            return fill
        held = min(max(value, low), high)
        return int(held) if whole else held

    def take(value: Any) -> list[Any]:
        flat = _flat(value)[:width] if isinstance(value, list | tuple) else (value,)
        columns = [
            item if item.__class__ is int and low <= item <= high else odd(item) for item in flat
        ]
        if len(columns) < width:
            columns += [fill] * (width - len(columns))
        return columns

    return take


def fill_of(feature: Feature) -> Any:
    """What stands for a missing value: the default, NaN where a float has none."""
    if feature.datatype in FLOATS:
        return float("nan") if feature.default is None else float(feature.default)
    return int(feature.default or 0)


def _source(feature: Feature, views: Sequence[str]) -> _Source:
    if feature.source_kind == INPUT_SOURCE:
        get = attrgetter(attribute(feature.source_name))
        return lambda row, _: get(row)
    view, field = feature.view_field
    position = views.index(view)
    return lambda _, fields: fields[position].get(field)


def _range(feature: Feature) -> tuple[float, float]:
    """The feature's bounds, never wider than its datatype."""
    low, high = _limits(feature.datatype)
    return (
        low if feature.minimum is None else max(low, feature.minimum),
        high if feature.maximum is None else min(high, feature.maximum),
    )


def _limits(datatype: Datatype) -> tuple[float, float]:
    if datatype in FLOATS:
        limit = _FLOAT_LIMITS.get(datatype, math.inf)
        return -limit, limit
    if datatype is Datatype.BOOL:
        return 0, 1
    bits = 8 * ITEM_SIZES[datatype]
    if datatype.value.startswith("U"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def _flat(value: Sequence[Any]) -> Sequence[Any]:
    # Callers' lists are validated: where the first element is no list, none is.
    if not value or not isinstance(value[0], list | tuple):
        return value
    return [
        item
        for part in value
        for item in (_flat(part) if isinstance(part, list | tuple) else (part,))
    ]
