"""How far a shadow's answer lies from the one the caller got. Pure: no I/O, no state.

Numbers are compared by distance, rankings (lists of ids or labels, best first) by how many of
the first k both name, single ids and labels by equality.
"""

from dataclasses import dataclass
from typing import Any

Values = list[Any]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """When two answers agree: numbers within ``number`` (absolute up to 1, relative beyond),
    at least ``overlap`` of each ranking, or of the labels, in common."""

    number: float = 0.05
    overlap: float = 0.8


@dataclass(frozen=True, slots=True)
class Comparison:
    """``measures``: one number per output under its name, further ones under ``name.measure``.

    The number under the name itself is the largest absolute difference of numbers and the share
    of equal elements of everything else. ``agrees`` is the verdict per output, ``distances`` what
    a mean over many comparisons is taken of: the absolute difference of numbers, 1 - overlap.
    """

    measures: dict[str, float]
    agrees: dict[str, bool]
    distances: dict[str, float]


def compare(
    primary: dict[str, Values], shadow: dict[str, Values], tolerance: Tolerance
) -> Comparison:
    """Compare every output of the primary; an output that is missing or short never agrees."""
    found = Comparison({}, {}, {})
    for name, ours in primary.items():
        theirs = shadow.get(name, [])
        flat, other = _flat(ours), _flat(theirs)
        if not flat or len(ours) != len(theirs) or len(flat) != len(other):
            found.measures[name], found.agrees[name], found.distances[name] = 0.0, False, 1.0
        elif isinstance(flat[0], float):
            _compare_numbers(found, name, flat, other, tolerance.number)
        else:
            _compare_elements(found, name, ours, theirs, tolerance.overlap)
    return found


def _compare_numbers(
    found: Comparison, name: str, ours: Values, theirs: Values, tolerance: float
) -> None:
    pairs = list(zip(ours, theirs, strict=True))
    differences = [abs(a - b) for a, b in pairs]
    found.measures[name] = max(differences)
    found.measures[f"{name}.relative"] = max(
        [abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0 for a, b in pairs]
    )
    found.agrees[name] = all(abs(a - b) <= tolerance * max(1.0, abs(a)) for a, b in pairs)
    found.distances[name] = sum(differences) / len(differences)


def _compare_elements(
    found: Comparison, name: str, ours: Values, theirs: Values, overlap: float
) -> None:
    flat, other = _flat(ours), _flat(theirs)
    share = sum(a == b for a, b in zip(flat, other, strict=True)) / len(flat)
    found.measures[name] = share
    if isinstance(ours[0], list):
        in_common = [overlap_at_k(a, b) for a, b in zip(ours, theirs, strict=True)]
        share = sum(in_common) / len(in_common)
        found.measures[f"{name}.overlap"] = share
    found.agrees[name] = share >= overlap
    found.distances[name] = 1.0 - share


def overlap_at_k(ours: Values, theirs: Values) -> float:
    """Share of what two rankings of k name in common, whatever its place; fillers count once."""
    a, b = set(_flat(ours)), set(_flat(theirs))
    return len(a & b) / max(len(a), len(b), 1)


def _flat(values: Values) -> Values:
    if values and isinstance(values[0], list):
        return [item for part in values for item in _flat(part)]
    return values
