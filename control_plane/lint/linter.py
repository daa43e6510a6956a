"""Everything wrong with a payload that is to be published; pure.

It takes what GrowthBook's SDKs take, ``{"features": …, "savedGroups": …}``, whoever wrote it, and
never raises for it. What passes without an error is evaluated without one by the Python and the
JavaScript SDK, and by both in the same way as far as these checks go.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from bentos.contract.route import FEATURE_PREFIX, RouteValue
from control_plane.lint.bucketing import Placed, check_bucketing
from control_plane.lint.conditions import Conditions
from control_plane.lint.finding import Finding, Place, Severity
from control_plane.lint.known import Known
from control_plane.lint.prerequisites import check_prerequisites
from control_plane.lint.rules import check_reach, check_split, check_values
from control_plane.lint.shapes import MAX_RULES, ParentCondition, Rule, read_rule
from control_plane.lint.size import check_condition_size, check_sizes

MAX_FINDINGS = 200


def lint(payload: Any, known: Known) -> tuple[Finding, ...]:
    """Findings, errors first; at most 200, the last of which says how many were left out."""
    try:
        found = list(_Linter(known).run(payload))
    except (RecursionError, UnicodeEncodeError) as error:
        found = [
            Place().error("payload-shape", type(error).__name__, "write JSON that can be read")
        ]
    found.sort(key=lambda each: each.severity is Severity.WARNING)
    if len(found) > MAX_FINDINGS:
        left = f"{len(found) - MAX_FINDINGS + 1} more findings"
        say = Place().error if found[MAX_FINDINGS].severity is Severity.ERROR else Place().warning
        found = [*found[: MAX_FINDINGS - 1], say("more", left, "mend these first")]
    return tuple(found)


class _Linter:
    """One payload's."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._rules: list[Placed] = []
        self._parents: dict[str, list[tuple[Place, ParentCondition]]] = {}

    def run(self, payload: Any) -> Iterator[Finding]:
        features = payload.get("features") if isinstance(payload, dict) else None
        if not isinstance(features, dict):
            yield Place().error("payload-shape", payload, 'write {"features": {name: feature}}')
            return
        groups = payload.get("savedGroups") or {}
        if not isinstance(groups, dict):
            yield Place(field="savedGroups").error("payload-shape", groups, "write id: [values]")
            groups = {}
        self._known = replace(self._known, groups=groups)
        self._conditions = Conditions(self._known)
        for key in sorted(features):
            yield from self._feature(key, features[key])
        yield from self._conditions.mixed()
        yield from check_prerequisites(set(features), self._parents, self._known)
        yield from check_bucketing(self._rules)
        yield from check_sizes(features, self._known.audiences)

    def _feature(self, key: str, feature: Any) -> Iterator[Finding]:
        place = Place(key)
        rules = feature.get("rules", []) if isinstance(feature, dict) else None
        if not isinstance(rules, list) or len(rules) > MAX_RULES:
            do = f'write {{"defaultValue": …, "rules": […]}} with at most {MAX_RULES} rules'
            yield place.error("feature-shape", feature, do)
            return
        default = feature.get("defaultValue")
        if key.startswith(FEATURE_PREFIX):
            yield from _check_route_value(default, place.at("defaultValue"))
        read = []
        for index, each in enumerate(rules):
            here = Place(key, index, f"rules[{index}]")
            try:
                rule = read_rule(each)
            except msgspec.ValidationError as error:
                yield here.error("rule-shape", str(error), "write it as GrowthBook's SDKs read it")
                continue
            read.append((index, rule))
            yield from self._rule(default, rule, here)
        yield from check_reach(read, key)

    def _rule(self, default: Any, rule: Rule, place: Place) -> Iterator[Finding]:
        self._rules.append((place, rule))
        yield from check_values(default, rule, place)
        yield from check_split(rule, place)
        if (place.feature or "").startswith(FEATURE_PREFIX):
            for index, value in enumerate(rule.variations or ()):
                yield from _check_route_value(value, place.at("variations").at(index))
            if rule.forces:
                yield from _check_route_value(rule.force, place.at("force"))
        if rule.condition:
            yield from self._conditions.check(rule.condition, place.at("condition"))
            yield from check_condition_size(rule.condition, place.at("condition"))
        for index, parent in enumerate(rule.parentConditions or ()):
            where = place.at("parentConditions").at(index)
            self._parents.setdefault(place.feature or "", []).append((where, parent))


def _check_route_value(value: Any, place: Place) -> Iterator[Finding]:
    try:
        route = msgspec.convert(value, RouteValue)
        if route.serve and all(route.shadow):
            return
    except msgspec.ValidationError:
        pass
    do = 'a model\'s value is {"serve": version, "shadow": [version …]}'
    yield place.error("route-value", value, do)
