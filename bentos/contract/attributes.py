"""The declared dictionary of targeting attributes; undeclared or mistyped ones are refused."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bentos.contract.canonical import MAX_INTEGER
from bentos.contract.errors import ContractError

MAX_STRING_BYTES = 1024
MAX_ATTRIBUTES = 64
RESERVED = frozenset({"targeting_key", "id"})


class AttributeType(StrEnum):
    """Types a condition can compare without the SDKs disagreeing."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"


def check_attributes(values: Any, declared: Mapping[str, AttributeType]) -> dict[str, Any]:
    """Return the attributes if each is declared and of its type, else raise ContractError."""
    if not isinstance(values, dict):
        raise ContractError("attributes", "an object of name: value", values)
    if len(values) > MAX_ATTRIBUTES:
        raise ContractError("attributes", f"at most {MAX_ATTRIBUTES}", len(values))
    for name, value in values.items():
        kind = declared.get(name)
        if kind is None:
            raise ContractError(
                f"attributes.{name}", f"one of the declared attributes {sorted(declared)}", name
            )
        if not _matches(value, kind):
            raise ContractError(f"attributes.{name}", f"a {kind.value}", value)
    return values


def _matches(value: Any, kind: AttributeType) -> bool:
    if kind is AttributeType.STRING:
        return isinstance(value, str) and _fits(value)
    if kind is AttributeType.BOOLEAN:
        return isinstance(value, bool)
    if isinstance(value, float):
        return math.isfinite(value)
    # Larger integers have no place in the canonical JSON of the decision's record.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER


def _fits(text: str) -> bool:
    try:
        return len(text.encode("utf-8")) <= MAX_STRING_BYTES
    except UnicodeEncodeError:
        return False
