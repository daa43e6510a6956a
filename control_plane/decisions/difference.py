"""How two answers differ, output by output. No I/O, no clock."""

from collections.abc import Iterator
from typing import Any

# A graph sums in another order when its row is alone in the batch; float32 keeps 6 digits.
TOLERANCE = 1e-6


def differences(recorded: dict[str, Any], now: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Per output: the largest absolute difference of numbers (null where anything else differs),
    and whether they are the same within ``TOLERANCE`` (absolute up to 1, relative beyond)."""
    return {name: _compared(recorded.get(name), now.get(name)) for name in recorded.keys() | now}


def _compared(before: Any, after: Any) -> dict[str, Any]:
    one, other = list(_flat(before)), list(_flat(after))
    both = list(zip(one, other, strict=False))
    numeric = len(one) == len(other) and all(_is_number(x) and _is_number(y) for x, y in both)
    if not numeric:
        return {"recorded": before, "now": after, "largest": None, "same": before == after}
    largest = max((abs(x - y) for x, y in both), default=0.0)
    same = all(abs(x - y) <= TOLERANCE * max(1.0, abs(x)) for x, y in both)
    return {"recorded": before, "now": after, "largest": largest, "same": same}


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
