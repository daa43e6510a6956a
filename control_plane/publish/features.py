"""Reads compiled GrowthBook features back: which versions they name, who serves."""

from typing import Any

from bentos.contract.route import CANARY, FEATURE_PREFIX, STABLE

Feature = dict[str, Any]


def versions_in(feature: Feature) -> set[str]:
    """Every version a compiled feature names, serving or shadowing."""
    mirrored = {version for value in _values(feature) for version in value["shadow"]}
    return served_in(feature) | mirrored


def served_in(feature: Feature) -> set[str]:
    """The versions among them that answer callers."""
    return {value["serve"] for value in _values(feature)}


def serving(features: dict[str, Feature]) -> dict[str, str]:
    """Model → version, for models all of whose traffic surely goes to one version."""
    return {
        key.removeprefix(FEATURE_PREFIX): feature["defaultValue"]["serve"]
        for key, feature in features.items()
        if not any(_splits(rule) for rule in feature.get("rules", ()))
    }


def is_canary(rule: dict[str, Any]) -> bool:
    """Whether it is a rule that one of our releases compiles to."""
    meta = rule.get("meta", ())
    return [each.get("key") for each in meta] == [STABLE, CANARY] and rule.get("id") == rule.get(
        "seed"
    )


def _values(feature: Feature) -> list[dict[str, Any]]:
    values = [feature["defaultValue"]]
    for rule in feature.get("rules", ()):
        values.extend(rule.get("variations", ()))
        values.extend([rule["force"]] if "force" in rule else [])
    return values


def _splits(rule: dict[str, Any]) -> bool:
    if "force" in rule or len(rule["ranges"]) != 2:
        return True
    start, end = rule["ranges"][1]
    return bool(end > start)
