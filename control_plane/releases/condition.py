"""Checks a release's targeting condition before it can reach any evaluator.

Conditions are GrowthBook's (MongoDB style). Undeclared attributes never match, SDKs
disagree on comparing numbers with strings, and ``$regex`` can stall an event loop: all
three are refused here.
"""

import math
from typing import Any

from bentos.contract import canonical
from bentos.contract.attributes import AttributeType
from bentos.contract.errors import ContractError

MAX_DEPTH = 8
MAX_LIST = 1000
MAX_BYTES = 32 * 1024
_LISTS_OF_CONDITIONS = frozenset({"$and", "$or", "$nor"})
_COMPARE = frozenset({"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"})
_MEMBERS = frozenset({"$in", "$nin"})
_OPERATORS = sorted(_COMPARE | _MEMBERS | {"$exists"})


def check_condition(
    condition: Any, declared: dict[str, str], field: str = "condition", depth: int = 0
) -> None:
    """Raise ContractError unless every attribute is declared and compared with its own type."""
    if not isinstance(condition, dict) or not condition:
        raise ContractError(field, "a non-empty object", condition)
    if depth == 0 and len(canonical.canonical_json(condition)) > MAX_BYTES:
        # Every gateway evaluates it for every request.
        raise ContractError(field, f"at most {MAX_BYTES} bytes", "more")
    if depth > MAX_DEPTH:
        raise ContractError(field, f"at most {MAX_DEPTH} levels", "more")
    for name, value in condition.items():
        here = f"{field}.{name}"
        if name in _LISTS_OF_CONDITIONS:
            if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST:
                raise ContractError(here, f"a list of 1 to {MAX_LIST} conditions", value)
            for index, part in enumerate(value):
                check_condition(part, declared, f"{here}[{index}]", depth + 1)
        elif name == "$not":
            check_condition(value, declared, here, depth + 1)
        elif name not in declared:
            raise ContractError(here, f"one of the declared attributes {sorted(declared)}", name)
        else:
            _check_attribute(value, AttributeType(declared[name]), here)


def attributes_of(condition: dict[str, Any]) -> set[str]:
    """Names of the attributes that a checked condition asks for."""
    found: set[str] = set()
    for name, value in condition.items():
        if name in _LISTS_OF_CONDITIONS:
            found.update(*(attributes_of(part) for part in value))
        elif name == "$not":
            found |= attributes_of(value)
        else:
            found.add(name)
    return found


def _check_attribute(value: Any, kind: AttributeType, field: str) -> None:
    if not isinstance(value, dict):
        _check_value(value, kind, field)
        return
    for operator, operand in value.items():
        here = f"{field}.{operator}"
        if operator in _COMPARE:
            _check_value(operand, kind, here)
        elif operator in _MEMBERS:
            if not isinstance(operand, list) or not 0 < len(operand) <= MAX_LIST:
                raise ContractError(here, f"a list of 1 to {MAX_LIST} values", operand)
            for index, each in enumerate(operand):
                _check_value(each, kind, f"{here}[{index}]")
        elif operator == "$exists":
            if not isinstance(operand, bool):
                raise ContractError(here, "true or false", operand)
        else:
            raise ContractError(here, f"one of {_OPERATORS}", operator)
    if not value:
        raise ContractError(field, f"one of {_OPERATORS}", value)


def _check_value(value: Any, kind: AttributeType, field: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        AttributeType.STRING: isinstance(value, str),
        AttributeType.BOOLEAN: isinstance(value, bool),
        AttributeType.NUMBER: is_number and math.isfinite(value if is_number else math.nan),
    }[kind]
    if not fits:
        raise ContractError(field, f"a {kind.value}", value)
