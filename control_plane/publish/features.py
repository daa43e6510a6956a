"""Reads compiled GrowthBook features back: which versions they name, who serves."""

from typing import Any

from bentos.contract.route import FEATURE_PREFIX

Feature = dict[str, Any]


def versions_in(feature: Feature) -> set[str]:
    """Every version a compiled feature names, serving or shadowing."""
    values = [feature["defaultValue"]]
    for rule in feature.get("rules", ()):
        values.extend(rule["variations"])
    return {version for value in values for version in (value["serve"], *value["shadow"])}


def serving(features: dict[str, Feature]) -> dict[str, str]:
    """Model → version, for models all of whose traffic goes to one version."""
    return {
        key.removeprefix(FEATURE_PREFIX): feature["defaultValue"]["serve"]
        for key, feature in features.items()
        if not any(_splits(rule) for rule in feature.get("rules", ()))
    }


def _splits(rule: dict[str, Any]) -> bool:
    start, end = rule["ranges"][1]
    return bool(end > start)
