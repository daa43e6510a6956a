"""Contract records as Arrow rows and back: a column for each field, whatever fields there are.

Dicts are kept as canonical JSON text; fields that may be absent are null. Both are marked in
the schema, thus a file can be hashed again from its own columns, also by a release whose
records have more of them.
"""

import json
import types
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pyarrow as pa

from bentos.contract.canonical import MAX_INTEGER, as_builtins, canonical_json
from bentos.contract.errors import ContractError
from bentos.decision_lake.sayable import sayable

_JSON = {b"encoding": b"json"}
_ABSENT = {b"null": b"absent"}
_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def columns(record: type[msgspec.Struct]) -> list[Any]:
    """Arrow fields of a record type; TypeError for a field type that has no column yet."""
    hints = get_type_hints(record)
    return [_column(name, hints[name]) for name in record.__struct_fields__]


def to_row(record: msgspec.Struct) -> dict[str, Any]:
    """A record as one row."""
    values: dict[str, Any] = as_builtins(record)
    return {
        name: _json(value) if isinstance(value, dict) else value for name, value in values.items()
    }


def from_row(row: dict[str, Any], schema: Any) -> dict[str, Any]:
    """The JSON values a row was made of, for the columns in ``schema``."""
    return {
        field.name: _parsed(row[field.name]) if field.metadata == _JSON else row[field.name]
        for field in schema
        if row[field.name] is not None or field.metadata != _ABSENT
    }


def _column(name: str, hint: Any) -> Any:
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    metadata = _ABSENT if msgspec.UnsetType in members else None
    [hint] = [each for each in members if each not in (type(None), msgspec.UnsetType)]
    if get_origin(hint) is dict:
        return pa.field(name, pa.string(), metadata=_JSON)
    if hint in _SCALARS:
        return pa.field(name, _SCALARS[hint], metadata=metadata)
    if issubclass(hint, Enum):
        return pa.field(name, pa.string())
    if issubclass(hint, msgspec.Struct) and hint.__struct_config__.array_like:
        return pa.field(name, pa.list_(pa.int64()))
    raise TypeError(f"{name}: no column for {hint}")


def _json(value: dict[str, Any]) -> str:
    try:
        return canonical_json(value).decode()
    except ContractError:
        return canonical_json(sayable(value)).decode()


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=_number)


def _number(text: str) -> int | float:
    """Canonical JSON writes 1e20 with all its digits: a float, not an integer."""
    value = int(text)
    return value if abs(value) <= MAX_INTEGER else float(value)
