"""Who gets which share of a model's traffic, read from what is published; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bentos.contract.documents import KillBody
from bentos.contract.route import BUCKETS
from control_plane.publish.features import is_canary


class Rail(StrEnum):
    """What a version is to the callers of its model."""

    STABLE = "stable"
    CANARY = "canary"
    SHADOW = "shadow"
    KILLED = "killed"
    IDLE = "idle"


@dataclass(frozen=True)
class Lane:
    """One version. ``buckets`` of 10,000 of the keys that ``condition`` is for."""

    version: str
    rail: Rail
    buckets: int
    condition: str = ""


def lanes(model: str, feature: Mapping[str, Any] | None, kill: KillBody) -> tuple[Lane, ...]:
    """Stable first. A kill comes before every rule, so beside it nothing else gets a call."""
    forced = kill.models.get(model)
    if feature is None:
        return (Lane(forced.version, Rail.KILLED, BUCKETS),) if forced else ()
    routed = _routed(feature)
    if forced is None:
        return routed
    idle = tuple(
        Lane(lane.version, Rail.IDLE, 0) for lane in routed if lane.version != forced.version
    )
    return (Lane(forced.version, Rail.KILLED, BUCKETS), *idle)


def _routed(feature: Mapping[str, Any]) -> tuple[Lane, ...]:
    default = feature["defaultValue"]
    shadows = tuple(Lane(version, Rail.SHADOW, BUCKETS) for version in default["shadow"])
    rules = feature.get("rules", ())
    if not rules:
        return (Lane(default["serve"], Rail.STABLE, BUCKETS), *shadows)
    rule = rules[0]
    if not is_canary(rule):
        return (*_upstream(default["serve"], rules), *shadows)
    start, end = rule["ranges"][1]
    buckets = round((end - start) * BUCKETS)
    condition = _spoken(rule["condition"]) if "condition" in rule else ""
    return (
        Lane(default["serve"], Rail.STABLE, BUCKETS - buckets),
        Lane(rule["variations"][1]["serve"], Rail.CANARY, buckets, condition),
        *shadows,
    )


def _upstream(stable: str, rules: Sequence[Mapping[str, Any]]) -> tuple[Lane, ...]:
    """Of a model that follows an upstream GrowthBook, whose rules may stand in any order: what
    each version could get at most, in the eyes of the rule that gives it most."""
    most: dict[str, float] = {}
    for rule in rules:
        arms = zip(rule.get("variations", ()), rule.get("ranges", ()), strict=False)
        shares = [(value["serve"], end - start) for value, (start, end) in arms]
        if "force" in rule:
            shares.append((rule["force"]["serve"], rule.get("coverage", 1)))
        for version, share in shares:
            if version != stable:
                most[version] = max(most.get(version, 0), share)
    lanes = [
        Lane(version, Rail.CANARY, round(share * BUCKETS), "visitors the upstream's rules pick")
        for version, share in most.items()
    ]
    rest = max(0, BUCKETS - sum(lane.buckets for lane in lanes))
    return (Lane(stable, Rail.STABLE, rest), *lanes)


def _spoken(condition: Mapping[str, Any]) -> str:
    """A plain condition in words; anything else is called by its attributes."""
    if all(not isinstance(value, dict | list) for value in condition.values()):
        return " and ".join(f"{name} is {value}" for name, value in condition.items())
    return "visitors who match its condition"
