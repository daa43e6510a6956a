"""A route is the value of a model's GrowthBook feature; this file compiles it (contract §4).

It holds the value's shape and the compile step, never a second evaluator: routes are
evaluated by the growthbook package, here and in anyone else's SDK, to the same answer.
"""

from typing import Any

import msgspec

from bentos.contract.errors import ContractError

FEATURE_PREFIX = "model."
HASH_ATTRIBUTE = "targeting_key"
HASH_VERSION = 2
# GrowthBook's v2 hash has 10,000 buckets, so a weight is a whole number of them.
BUCKETS = 10_000
STABLE = "stable"
CANARY = "canary"
PINNED = "pinned"


class RouteValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version serves, and which ones get a copy of the request."""

    serve: str
    shadow: tuple[str, ...] = ()


class CanaryRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one experiment rule of a release in canary. ``buckets`` of 10,000 go to the candidate."""

    release_id: str
    step: int
    candidate: str
    buckets: int
    condition: dict[str, Any] | None = None


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the control plane wants for one model."""

    model: str
    stable: str
    shadow: tuple[str, ...] = ()
    canary: CanaryRule | None = None


def feature_key(model: str) -> str:
    """The GrowthBook feature that carries a model's route."""
    return f"{FEATURE_PREFIX}{model}"


def weight_to_buckets(weight: float, field: str = "weight") -> int:
    """Turn a weight in [0, 1] into buckets; it must be a multiple of 0.0001."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise ContractError(field, "a number from 0 to 1", weight)
    buckets = round(weight * BUCKETS)
    if abs(weight * BUCKETS - buckets) > 1e-6:
        raise ContractError(field, "a multiple of 0.0001", weight)
    return buckets


def compile_feature(route: Route) -> dict[str, Any]:
    """Compile a route into a GrowthBook feature definition.

    The canary arm is [0, w) and the stable arm [w, 1) as explicit ranges: raising w never
    moves a key off the canary, lowering w never moves one onto it. Weights or coverage
    would re-cut the arms, and the disjoint-arm layout stalls at 50 %. Raises ContractError
    for buckets outside 0…10,000 and for a version without a name.
    """
    value = _value(route.stable, route.shadow)
    if not route.stable:
        raise ContractError("route.stable", "a version", route.stable)
    if route.canary is None:
        return {"defaultValue": value}
    return {"defaultValue": value, "rules": [_experiment_rule(route, route.canary)]}


def compile_features(routes: tuple[Route, ...]) -> dict[str, Any]:
    """Compile all routes into the ``features`` member of a GrowthBook payload."""
    return {feature_key(route.model): compile_feature(route) for route in routes}


def _experiment_rule(route: Route, canary: CanaryRule) -> dict[str, Any]:
    if not 0 <= canary.buckets <= BUCKETS:
        raise ContractError("route.canary.buckets", f"0 to {BUCKETS}", canary.buckets)
    if not canary.candidate:
        raise ContractError("route.canary.candidate", "a version", canary.candidate)
    weight = canary.buckets / BUCKETS
    step_name = f"{canary.release_id}/{canary.step}"
    rule: dict[str, Any] = {
        "id": canary.release_id,
        "key": canary.release_id,
        "seed": canary.release_id,
        "hashAttribute": HASH_ATTRIBUTE,
        "hashVersion": HASH_VERSION,
        "variations": [_value(route.stable, route.shadow), _value(canary.candidate, ())],
        "ranges": [[weight, 1], [0, weight]],
        "meta": [{"key": STABLE, "name": step_name}, {"key": CANARY, "name": step_name}],
    }
    if canary.condition:
        rule["condition"] = canary.condition
    return rule


def _value(serve: str, shadow: tuple[str, ...]) -> dict[str, Any]:
    return {"serve": serve, "shadow": list(shadow)}
