"""What JSON numbers cannot say is kept as text, as protobuf's JSON does."""

import math
from typing import Any

from bentos.contract.canonical import MAX_INTEGER

_UNSAYABLE = ("nan", "inf", "-inf")


def sayable(value: Any) -> Any:
    """The value with "nan", "inf" and integers beyond ±(2**53 − 1) as text, bytes as hex."""
    if isinstance(value, dict):
        return {str(key): sayable(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [sayable(member) for member in value]
    if isinstance(value, bytes):
        return value.hex()
    unsayable = isinstance(value, float) and not math.isfinite(value)
    if unsayable or (isinstance(value, int) and abs(value) > MAX_INTEGER):
        return str(value)
    return value


def said(value: Any) -> Any:
    """The number that a text of ``sayable`` stands for; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        return float(value) if value in _UNSAYABLE else value
