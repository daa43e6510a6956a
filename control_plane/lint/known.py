"""What a payload is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bentos.contract.route import HASH_ATTRIBUTE

STRING, NUMBER, BOOLEAN = "string", "number", "boolean"


@dataclass(frozen=True)
class Known:
    """``attributes``: declared name → type; None: not known, so none is missed.

    ``audiences``: who is sent which features in one frame, by a name that is no secret.
    ``groups``: the payload's saved groups, filled in by the linter.
    """

    attributes: Mapping[str, str] | None = None
    audiences: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, Any] = field(default_factory=dict)

    def type_of(self, attribute: str) -> str | None:
        """An attribute's declared type; the targeting key is a string."""
        if attribute == HASH_ATTRIBUTE:
            return STRING
        return (self.attributes or {}).get(attribute)

    def misses(self, attribute: str) -> bool:
        """Whether nobody could send this attribute."""
        return self.attributes is not None and self.type_of(attribute) is None


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, str):
        return STRING
    return "array" if isinstance(value, list) else "object"
