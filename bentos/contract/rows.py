"""A model's rows as msgspec types, built from its signature: one C call validates a request.

``RowType`` decodes ``{"amount": 12.5, …}``: unknown names, wrong types, values out of bounds
and missing required inputs are refused with the path of the field.
"""

import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any

import msgspec

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.signature import InputSpec, ModelSignature

# The two messages of msgspec that name a field which their path does not.
_MISSING = re.compile(r"Object missing required field `(?P<name>.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.+)`")
FP16_LIMIT = 65504.0
FP32_LIMIT = 3.4028234663852886e38
_FLOATS = {Datatype.FP16, Datatype.FP32, Datatype.FP64}
_JSON_SAFE = 2**53 - 1

Row = Any
"""An instance of a model's row type; its attributes are ``attribute(name)`` of each input."""


@cache
def attribute(name: str) -> str:
    """The attribute that holds an input (input names need not be identifiers)."""
    return "v_" + re.sub(r"\W", lambda match: f"_{ord(match[0]):x}_", name)


def reader(names: Sequence[str], inputs: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    """A function that reads these inputs of a row, in one call into C where it can; ``inputs``
    are all that its model has."""
    if list(names) == list(inputs):
        return msgspec.structs.astuple
    attributes = [attribute(name) for name in names]
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda row: tuple(getattr(row, name) for name in attributes)


def row_type(signature: ModelSignature) -> type[msgspec.Struct]:
    """Build the row type of a model."""
    fields: list[Any] = []
    for spec in signature.inputs:
        field_type = _input_type(spec)
        if spec.required:
            fields.append((attribute(spec.name), field_type, msgspec.field(name=spec.name)))
        else:
            default = msgspec.field(name=spec.name, default=frozen_default(spec.default))
            fields.append((attribute(spec.name), field_type | None, default))
    return msgspec.defstruct(
        f"{signature.model}_row", fields, forbid_unknown_fields=True, kw_only=True, gc=False
    )


def to_rows(values: Sequence[dict[str, Any]], rows_type: type[msgspec.Struct]) -> list[Row]:
    """Validate rows that came as tensors; raises ContractError naming the field."""
    try:
        return msgspec.convert(values, list[rows_type])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise explain(error, values) from error


def explain(error: msgspec.MsgspecError, body: Any) -> ContractError:
    """Turn msgspec's ``Expected X, got Y - at `$.path``` into field, expected and got.

    ``body`` is the generic JSON value the path points into, for the value that came.
    """
    text = str(error)
    message, _, path = text.partition(" - at `")
    field = path.rstrip("`") or "$"
    if missing := _MISSING.fullmatch(message):
        return ContractError(f"{field}.{missing['name']}", "a value", "nothing")
    if unknown := _UNKNOWN.fullmatch(message):
        unwanted = f"{field}.{unknown['name']}"
        return ContractError(unwanted, "no such field", _value_at(body, unwanted))
    expected, _, got = message.removeprefix("Expected ").partition(", got ")
    if not message.startswith("Expected "):
        return ContractError(field, "a value the model's signature allows", message)
    value = _value_at(body, field)
    return ContractError(
        field, expected.replace("`", ""), got.strip("`") if value is None else value
    )


def generic(body: bytes) -> Any:
    """The body as plain JSON values, to show the value that came; None if it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _value_at(body: Any, path: str) -> Any:
    value = body
    for part in path.lstrip("$").replace("[", ".[").split("."):
        if not part:
            continue
        try:
            value = value[int(part[1:-1])] if part.startswith("[") else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def frozen_default(default: Any) -> Any:
    """A default as rows hold it: shared by all of them, so a list becomes a tuple."""
    return tuple(default) if isinstance(default, list) else default


def _input_type(spec: InputSpec) -> Any:
    element = _element_type(spec)
    for length in reversed(spec.shape):
        if length < 0:
            element = Annotated[list[element], msgspec.Meta(max_length=spec.max_length)]  # type: ignore[valid-type]
        else:
            meta = msgspec.Meta(min_length=length, max_length=length)
            element = Annotated[list[element], meta]  # type: ignore[valid-type]
    return element


def _element_type(spec: InputSpec) -> Any:
    if spec.datatype is Datatype.BOOL:
        return bool
    if spec.datatype is Datatype.BYTES:
        return Annotated[str, msgspec.Meta(max_length=spec.max_length or 1024)]
    low, high = _bounds(spec)
    if spec.datatype in _FLOATS:
        return Annotated[float, msgspec.Meta(ge=low, le=high)]
    return Annotated[int, msgspec.Meta(ge=math.ceil(low), le=math.floor(high))]


def _bounds(spec: InputSpec) -> tuple[float, float]:
    """The signature's bounds, never wider than the datatype can hold."""
    low, high = _datatype_bounds(spec.datatype)
    return (
        low if spec.minimum is None else max(low, spec.minimum),
        high if spec.maximum is None else min(high, spec.maximum),
    )


def _datatype_bounds(datatype: Datatype) -> tuple[float, float]:
    if datatype in _FLOATS:
        limit = FP16_LIMIT if datatype is Datatype.FP16 else FP32_LIMIT
        return -limit, limit
    bits = 8 * ITEM_SIZES[datatype]
    if datatype.value.startswith("U"):
        return 0, min(2**bits - 1, _JSON_SAFE)
    return max(-(2 ** (bits - 1)), -_JSON_SAFE), min(2 ** (bits - 1) - 1, _JSON_SAFE)
