"""Targeting conditions: shape, operators, attributes, types, saved groups and patterns.

GrowthBook's two evaluators fail quietly on what they cannot read: the rule then matches nobody, or
under ``$not`` and ``$notRegex`` everybody. So whatever is not understood here is an error.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from control_plane.lint.finding import Finding, Place
from control_plane.lint.known import NUMBER, STRING, Known, json_type
from control_plane.lint.regex_risk import ExponentialError, TooComplexError, degree
from control_plane.lint.regex_syntax import DialectError, parse_regex
from control_plane.releases.condition import MAX_DEPTH, MAX_LIST

_LISTS = frozenset({"$and", "$or", "$nor"})
_EQUAL = frozenset({"$eq", "$ne"})
_ORDER = frozenset({"$gt", "$gte", "$lt", "$lte"})
_VERSIONS = frozenset({"$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte"})
_MEMBERS = frozenset({"$in", "$nin", "$ini", "$nini"})
_PATTERNS = {"$regex": False, "$notRegex": False, "$regexi": True, "$notRegexi": True}
_GROUPS = frozenset({"$inGroup", "$notInGroup"})
OPERATORS = frozenset(
    {*_EQUAL, *_ORDER, *_VERSIONS, *_MEMBERS, *_PATTERNS, *_GROUPS, "$exists", "$not"}
)
_MAY_TAKE = 2
"A search that takes the square of a text's length; attributes are at most 1,024 bytes."


class Conditions:
    """Checks conditions and remembers what each attribute was compared with."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._compared: dict[str, dict[str, Place]] = {}

    def check(self, condition: Any, place: Place, depth: int = 0) -> Iterator[Finding]:
        """Everything wrong with one condition."""
        if not isinstance(condition, dict):
            yield place.error("condition-shape", condition, "write an object of attribute: value")
            return
        if depth > MAX_DEPTH:
            yield place.error("condition-depth", f"more than {MAX_DEPTH} levels", "flatten it")
            return
        for name, value in condition.items():
            here = place.at(name)
            if name in _LISTS:
                yield from self._list(value, here, depth)
            elif name == "$not":
                yield from self.check(value, here, depth + 1)
            elif name == "$savedGroup":
                yield from self._typed_group(value, here)
            elif name.startswith("$"):
                yield here.error("unknown-operator", name, "use $and, $or, $nor or $not")
            else:
                yield from self._attribute(name, value, here, depth)

    def mixed(self) -> Iterator[Finding]:
        """Attributes compared with values of one type here and of another there."""
        for name, places in sorted(self._compared.items()):
            if len(places) > 1:
                (first, one), (second, other) = sorted(places.items())[:2]
                where = f"{one.feature}.{one.field}"
                found = f"{name} is compared with a {second}, and with a {first} at {where}"
                yield other.error("mixed-attribute", found, "compare it with one type everywhere")

    def _list(self, value: Any, place: Place, depth: int) -> Iterator[Finding]:
        if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST:
            yield place.error("condition-shape", value, f"write a list of 1 to {MAX_LIST}")
            return
        for index, part in enumerate(value):
            yield from self.check(part, place.at(index), depth + 1)

    def _attribute(self, name: str, value: Any, place: Place, depth: int) -> Iterator[Finding]:
        if self._known.misses(name):
            declared = sorted(self._known.attributes or ())
            do = f"declare it (signalbox attributes declare), or use one of {declared}"
            yield place.error("unknown-attribute", name, do)
        if isinstance(value, dict):
            yield from self._operators(name, value, place, depth)
        else:
            yield from self._operand(name, value, place)

    def _operators(self, name: str, value: Any, place: Place, depth: int) -> Iterator[Finding]:
        if not isinstance(value, dict) or not value:
            yield place.error("condition-shape", value, "write an operator and its operand")
        elif depth > MAX_DEPTH:
            yield place.error("condition-depth", f"more than {MAX_DEPTH} levels", "flatten it")
        else:
            yield from self._missing(value, self._known.type_of(name), place)
            for operator, operand in value.items():
                yield from self._operator(name, operator, operand, place.at(operator), depth)

    @staticmethod
    def _missing(value: dict[str, Any], kind: str | None, place: Place) -> Iterator[Finding]:
        """JavaScript takes what is missing for 0, "0" or "null"; Python matches nothing."""
        risky = set(value) & (_VERSIONS | _PATTERNS.keys())
        risky |= set(value) & _ORDER if kind == NUMBER else set()
        if risky and value.get("$exists") is not True:
            found = f"{sorted(risky)} without $exists"
            do = 'add "$exists": true: callers without the attribute differ between SDKs'
            yield place.warning("missing-differs", found, do)

    def _operator(
        self, name: str, operator: str, operand: Any, place: Place, depth: int
    ) -> Iterator[Finding]:
        if operator in _EQUAL or operator in _ORDER:
            yield from self._operand(name, operand, place)
        elif operator in _MEMBERS:
            yield from self._members(name, operand, place)
        elif operator in _PATTERNS:
            yield from self._pattern(name, operand, place, ignore_case=_PATTERNS[operator])
        elif operator in _GROUPS:
            yield from self._group(name, operand, place)
        elif operator in _VERSIONS:
            yield from self._text(name, operand, place)
        elif operator == "$not":
            yield from self._operators(name, operand, place, depth + 1)
        elif operator == "$exists":
            if not isinstance(operand, bool):
                yield place.error("condition-shape", operand, "write true or false")
        else:
            do = f"attributes are strings, numbers and booleans: use one of {sorted(OPERATORS)}"
            yield place.error("unknown-operator", operator, do)

    def _operand(self, name: str, operand: Any, place: Place) -> Iterator[Finding]:
        kind = json_type(operand)
        if kind in {"array", "object", "null"}:
            do = "compare with a string, a number or a boolean; the SDKs disagree on others"
            yield place.error("operand-type", f"{kind} {operand}", do)
            return
        declared = self._known.type_of(name)
        if declared not in {None, kind}:
            found = f"{kind} {operand!r}, and {name} is a {declared}"
            yield place.error("mixed-attribute", found, f"compare it with a {declared}")
        elif declared is None:
            self._compared.setdefault(name, {}).setdefault(kind, place)

    def _text(self, name: str, operand: Any, place: Place) -> Iterator[Finding]:
        if not isinstance(operand, str):
            yield place.error("operand-type", f"{json_type(operand)} {operand}", "write a string")
        else:
            yield from self._operand(name, operand, place)

    def _members(self, name: str, operand: Any, place: Place) -> Iterator[Finding]:
        if not isinstance(operand, list) or len(operand) > MAX_LIST:
            do = f"write a list of at most {MAX_LIST}"
            yield place.error("condition-shape", operand, do)
            return
        if not operand:
            yield place.warning("never-matches", "an empty list", "leave the rule out, or fill it")
        for index, each in enumerate(operand):
            yield from self._operand(name, each, place.at(index))

    def _pattern(
        self, name: str, operand: Any, place: Place, *, ignore_case: bool
    ) -> Iterator[Finding]:
        if not isinstance(operand, str) or self._known.type_of(name) not in {None, STRING}:
            yield place.error("operand-type", operand, "write a pattern, for a string")
            return
        try:
            power = degree(parse_regex(operand), ignore_case=ignore_case)
        except DialectError as error:
            do = "write what Python's re and JavaScript's RegExp read alike"
            yield place.error("regex-dialect", f"{operand}: {error}", do)
        except (ExponentialError, TooComplexError) as error:
            do = "write it without, or use $in: this pattern can stall whoever evaluates it"
            yield place.error("regex-backtracking", f"{operand}: {error}", do)
        else:
            yield from _slow(operand, power, place)

    def _group(self, name: str, operand: Any, place: Place) -> Iterator[Finding]:
        entry = self._known.groups.get(operand) if isinstance(operand, str) else None
        values = entry.get("values") if isinstance(entry, dict) else entry
        if not isinstance(values, list):
            do = "bring the group with the payload: without it nobody is in it"
            yield place.error("saved-group-missing", operand, do)
            return
        group = replace(place, field=f"{place.field}.savedGroups.{operand}")
        # A group may be long: one finding says that it does not fit, not one each.
        wrong = next(
            (
                f
                for index, each in enumerate(values)
                for f in self._operand(name, each, group.at(index))
            ),
            None,
        )
        if wrong is not None:
            yield wrong

    def _typed_group(self, reference: Any, place: Place) -> Iterator[Finding]:
        yield place.error(
            "unknown-operator",
            f"$savedGroup {reference}",
            "use $inGroup on an attribute: SDKs before 2026 pass over typed groups",
        )


def _slow(pattern: str, power: int, place: Place) -> Iterator[Finding]:
    found = f"{pattern}: a text of n characters may take n to the power of {power} steps"
    if power > _MAY_TAKE:
        do = "anchor it with ^, or make its loops match different characters"
        yield place.error("regex-backtracking", found, do)
    elif power == _MAY_TAKE:
        yield place.warning("regex-slow", found, "anchor it with ^ if you can")
