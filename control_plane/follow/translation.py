"""An upstream feature in the form our gateways evaluate: explicit ranges, groups written out; pure.

Seeds, hash versions and ranges stay as they are, so an SDK that reads the upstream itself puts
every caller into the same arm. What gateways could not evaluate is refused, not left out.
"""

from typing import Any

import msgspec
from growthbook.core import getBucketRanges

from bentos.contract.route import HASH_ATTRIBUTE
from control_plane.follow.payload import RefusedError
from control_plane.lint.shapes import MAX_RULES, Rule, read_rule

_GROUPS = {"$inGroup": "$in", "$notInGroup": "$nin"}
Feature = dict[str, Any]


def translate(feature: Any, groups: dict[str, Any]) -> Feature:
    """The feature in our form; raises RefusedError, which names the rule."""
    rules = feature.get("rules") or [] if isinstance(feature, dict) else None
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        raise RefusedError("it is no feature with a list of rules")
    translated = [_rule(each, index, groups) for index, each in enumerate(rules)]
    out: Feature = {"defaultValue": _value(feature.get("defaultValue"))}
    kept = [rule for rule in translated if rule is not None]
    return out | ({"rules": kept} if kept else {})


def _rule(given: Any, index: int, groups: dict[str, Any]) -> Feature | None:
    where = f"rules[{index}]"
    try:
        rule = read_rule(given)
    except msgspec.ValidationError as error:
        raise RefusedError(f"{where}: {error}") from error
    if rule.parentConditions:
        raise RefusedError(f"{where}.parentConditions: gateways know models, no other features")
    if given.get("contextualVariations") is not None:
        raise RefusedError(f"{where}.contextualVariations: gateways have no contextual bandits")
    if rule.forces:
        return _common(rule, given, where, groups) | _forced(rule)
    if rule.variations is None:
        return None  # as the SDKs do
    return _common(rule, given, where, groups) | _split(rule, index)


def _common(rule: Rule, given: Any, where: str, groups: dict[str, Any]) -> Feature:
    out: Feature = {}
    if rule.id:
        out["id"] = rule.id
    if rule.condition:
        out["condition"] = _written_out(rule.condition, groups, f"{where}.condition")
    splits = rule.variations and not rule.forces
    if splits or rule.coverage is not None or rule.range is not None:
        if rule.attribute != HASH_ATTRIBUTE:
            found = f"{where}.hashAttribute: {rule.attribute}"
            raise RefusedError(f"{found}, and gateways bucket by {HASH_ATTRIBUTE}")
        out |= {"hashAttribute": HASH_ATTRIBUTE, "hashVersion": rule.hashVersion or 1}
        out |= {"seed": rule.seed} if rule.seed else {}
    for each in rule.filters or ():
        if each.attribute != HASH_ATTRIBUTE:
            raise RefusedError(f"{where}.filters: gateways bucket by {HASH_ATTRIBUTE}")
    kept = {name: given[name] for name in ("filters", "namespace") if given.get(name)}
    return out | kept


def _forced(rule: Rule) -> Feature:
    given = {"coverage": rule.coverage, "range": rule.range}
    members = {name: value for name, value in given.items() if value is not None}
    return {"force": _value(rule.force)} | members


def _split(rule: Rule, index: int) -> Feature:
    variations = rule.variations or []
    for given, name in ((rule.weights, "weights"), (rule.ranges, "ranges"), (rule.meta, "meta")):
        if given is not None and len(given) != len(variations):
            raise RefusedError(
                f"rules[{index}].{name}: {len(given)} for {len(variations)} variations"
            )
    coverage = 1.0 if rule.coverage is None else rule.coverage
    ranges = rule.ranges or getBucketRanges(len(variations), coverage, rule.weights)
    meta = rule.meta or [{}] * len(variations)
    # No slash: a decision must not take it for a release and its step.
    name = f"upstream {rule.key or rule.id or index}".replace("/", "_")
    out: Feature = {
        "variations": [_value(each) for each in variations],
        "ranges": [list(each) for each in ranges],
        "meta": [
            {"key": str(each.get("key") or number), "name": name}
            for number, each in enumerate(meta)
        ],
    }
    return out | ({"key": rule.key} if rule.key else {})


def _value(value: Any) -> Any:
    """A route with all its members; what is no route is refused later, by the linter."""
    return {"shadow": [], **value} if isinstance(value, dict) else value


def _written_out(condition: Any, groups: dict[str, Any], where: str) -> Any:
    """The condition with the values of saved groups in their place."""
    if isinstance(condition, list):
        return [_written_out(each, groups, where) for each in condition]
    if not isinstance(condition, dict):
        return condition
    out = {}
    for name, value in condition.items():
        if name in _GROUPS:
            out[_GROUPS[name]] = _members(value, groups, f"{where}.{name}")
        else:
            out[name] = _written_out(value, groups, f"{where}.{name}")
    return out


def _members(group: Any, groups: dict[str, Any], where: str) -> list[Any]:
    entry = groups.get(group) if isinstance(group, str) else None
    values = entry.get("values") if isinstance(entry, dict) else entry
    if not isinstance(values, list):
        raise RefusedError(f"{where}: the saved group {group} did not come along")
    return values
