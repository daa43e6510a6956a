"""A feature's rules: types of values, weights and ranges, and rules nobody reaches."""

from collections.abc import Iterator, Sequence
from typing import Any

from control_plane.lint.finding import Finding, Place
from control_plane.lint.known import json_type
from control_plane.lint.shapes import Range, Rule

SUM_SLACK = 0.01
"The SDKs take weights whose sum is further from 1 for no weights at all, and split evenly."
_FINEST = {1: 0.001, 2: 0.0001}
"The share of one bucket, by hash version."


def check_values(default: Any, rule: Rule, place: Place) -> Iterator[Finding]:
    """Whatever a rule gives is of the default's type."""
    values = [("force", rule.force)] if rule.forces else []
    values += [(f"variations[{n}]", value) for n, value in enumerate(rule.variations or ())]
    wanted = json_type(default)
    for name, value in values:
        if json_type(value) != wanted:
            found = f"{json_type(value)} {value!r} where the default is a {wanted}"
            where = place.at(name)
            if wanted == "null":
                yield where.warning("mixed-values", found, "give the feature a default value")
            else:
                yield where.error("mixed-values", found, f"give a {wanted}")


def check_split(rule: Rule, place: Place) -> Iterator[Finding]:
    """Weights and ranges fit the variations, and each other."""
    arms = len(rule.variations or ())
    if not arms:
        if not rule.forces and not rule.parentConditions:
            do = "give it force or variations"
            yield place.warning("rule-does-nothing", "neither force nor variations", do)
        return
    for name, given in (("weights", rule.weights), ("ranges", rule.ranges), ("meta", rule.meta)):
        if given is not None and len(given) != arms:
            found = f"{len(given)} for {arms} variations"
            yield place.at(name).error("arms-differ", found, "give one for each variation")
    yield from _check_weights(rule, place)
    yield from _check_ranges(rule.ranges or (), place.at("ranges"))


def _check_weights(rule: Rule, place: Place) -> Iterator[Finding]:
    if rule.weights is None:
        return
    total = sum(rule.weights)
    if abs(total - 1) > SUM_SLACK:
        do = "make them sum to 1: the SDKs would split evenly instead"
        yield place.at("weights").error("weights-sum", f"sum {total:g}", do)
    finest = _FINEST[rule.hashVersion or 1]
    for index, weight in enumerate(rule.weights):
        share = weight * (1 if rule.coverage is None else rule.coverage)
        if 0 < share < finest:
            found = f"{share:g}, less than one bucket ({finest:g})"
            yield place.at("weights").at(index).warning("too-fine", found, "nobody would get it")


def _check_ranges(ranges: Sequence[Range], place: Place) -> Iterator[Finding]:
    for index, (start, end) in enumerate(ranges):
        here = place.at(index)
        if end < start:
            yield here.error("range-reversed", f"{start:g} to {end:g}", "write the smaller first")
        for other, (low, high) in enumerate(ranges[:index]):
            if max(start, low) < min(end, high):
                shared = f"{max(start, low):g} to {min(end, high):g}"
                found = f"it shares {shared} with {place.field}[{other}]"
                yield here.error("ranges-overlap", found, "the first would take it: cut it off")


def check_reach(rules: Sequence[tuple[int, Rule]], feature: str) -> Iterator[Finding]:
    """Rules after one that takes everybody, and rules that take nobody."""
    taken: int | None = None
    for index, rule in rules:
        place = Place(feature, index, f"rules[{index}]")
        if taken is not None:
            found = f"rules[{taken}] takes everybody before it"
            yield place.warning("unreachable", found, "remove it, or move it up")
        elif _takes_nobody(rule):
            yield place.warning("never-matches", "it covers nobody", "remove it, or cover somebody")
        elif _takes_all(rule):
            taken = index


def _takes_nobody(rule: Rule) -> bool:
    if rule.range is not None and rule.range[0] >= rule.range[1]:
        return True
    if rule.coverage == 0 and rule.range is None and rule.ranges is None:
        return True
    return bool(rule.ranges) and all(start >= end for start, end in rule.ranges or ())


def _takes_all(rule: Rule) -> bool:
    """A splitting rule takes everybody who has the attribute it hashes."""
    narrow = (rule.condition, rule.parentConditions, rule.filters, rule.namespace)
    if any(narrow):
        return False
    if rule.forces:
        return rule.coverage is None and rule.range is None
    if not rule.variations:
        return False
    if rule.ranges is None:
        return rule.coverage in {None, 1}
    reached = 0.0
    for start, end in sorted(rule.ranges):
        if start > reached:
            return False
        reached = max(reached, end)
    return reached >= 1
