"""Which version a request goes to: kill switch, pin, else the model's GrowthBook route.

Evaluation is the growthbook package's; this file only wraps it and reads its answer.
"""

from copy import copy
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from growthbook.common_types import (
    EvaluationContext,
    Feature,
    GlobalContext,
    Options,
    StackContext,
    UserContext,
)
from growthbook.core import eval_feature

from bentos.contract.decision import Reason
from bentos.contract.documents import KillBody, Revision, RoutesBody
from bentos.contract.errors import ContractError
from bentos.contract.route import (
    BUCKETS,
    FEATURE_PREFIX,
    HASH_ATTRIBUTE,
    HASH_VERSION,
    PINNED,
    STABLE,
    RouteValue,
    feature_key,
)
from gateway.bucketing import Bucketing
from gateway.errors import NotFound

# What a rule may hold for its outcome to depend on nothing but the key's bucket.
_SPLIT_MEMBERS = frozenset(
    {"id", "key", "seed", "hashAttribute", "hashVersion", "variations", "ranges", "meta"}
)


class Assignment(msgspec.Struct, frozen=True, gc=False):
    """Where a request goes. ``stable`` is the version that answers when ``version`` cannot."""

    version: str
    stable: str
    variant: str
    reason: Reason
    shadows: tuple[str, ...]
    revision: Revision
    release_id: str | None = None
    step: int | None = None
    bucket: int | None = None
    is_elsewhere: bool = False
    "Pinned to a version that is not the model's stable one."

    @property
    def is_canary(self) -> bool:
        """Whether stable can still save the request."""
        return self.version != self.stable


@dataclass(frozen=True, slots=True)
class _Default:
    """A model's route when no rule applies, ready to hand out."""

    value: RouteValue
    has_rules: bool
    split: Bucketing | None = None
    "Of the bucket that alone decides; None where attributes or several rules do."
    by_bucket: dict[int, Assignment] = field(default_factory=dict)
    "What the evaluator said of the first key of each bucket: at most 10,000."


class Routes:
    """The routes and kill documents, compiled once per revision; immutable."""

    def __init__(
        self, routes: RoutesBody, kills: KillBody, revision: Revision, kill_revision: Revision
    ) -> None:
        self.revision = revision
        self.body = routes
        self._kills = kills.models
        self._kill_revision = kill_revision
        self._defaults: dict[str, _Default] = {}
        features: dict[str, Feature] = {}
        for key, definition in routes.features.items():
            if not key.startswith(FEATURE_PREFIX):
                continue
            features[key] = Feature(definition["defaultValue"], _rules(definition))
            default = _route_value(definition["defaultValue"], key)
            seed = _split_seed(definition)
            self._defaults[key.removeprefix(FEATURE_PREFIX)] = _Default(
                default, bool(definition.get("rules")), Bucketing(seed) if seed else None
            )
        self._context = GlobalContext(options=Options(), features=features)

    def with_kills(self, kills: KillBody, revision: Revision) -> Self:
        """The same routes under other kills."""
        other = copy(self)
        other._kills = kills.models  # noqa: SLF001 - one of us
        other._kill_revision = revision  # noqa: SLF001
        return other

    @property
    def models(self) -> tuple[str, ...]:
        """Models that have a route."""
        return tuple(self._defaults)

    def versions(self) -> set[str]:
        """Every version a route or kill may send a request to, shadows included."""
        named = {entry.version for entry in self._kills.values()}
        for feature in self._context.features.values():
            for value in (feature.defaultValue, *_variations(feature)):
                named.update((value["serve"], *value.get("shadow", ())))
        return named

    def shadows(self) -> frozenset[str]:
        """Every version that a route has asked what others answer."""
        return frozenset(
            version
            for feature in self._context.features.values()
            for value in (feature.defaultValue, *_variations(feature))
            for version in value.get("shadow", ())
        )

    def stable_of(self, model: str) -> str:
        """The version that serves when no rule applies (a kill's, if there is one)."""
        kill = self._kills.get(model)
        return kill.version if kill else self._default(model).value.serve

    def assign(
        self, model: str, targeting_key: str | None, attributes: dict[str, Any], pin: str | None
    ) -> Assignment:
        """Route one request. Without a targeting key the default value serves."""
        kill = self._kills.get(model)
        if kill is not None:
            return Assignment(
                kill.version, kill.version, STABLE, Reason.KILLED, (), self._kill_revision
            )
        default = self._default(model)
        stable = default.value.serve
        if pin is not None:
            elsewhere = pin != stable
            return Assignment(
                pin, pin, PINNED, Reason.PINNED, (), self.revision, is_elsewhere=elsewhere
            )
        if targeting_key is None or not default.has_rules:
            shadows = default.value.shadow
            return Assignment(stable, stable, STABLE, Reason.STATIC, shadows, self.revision)
        if default.split is not None:
            return self._split(model, default, default.split, targeting_key)
        return self._evaluate(model, stable, {**attributes, HASH_ATTRIBUTE: targeting_key})

    def _split(self, model: str, default: _Default, split: Bucketing, key: str) -> Assignment:
        """A split without conditions: one evaluation a bucket, whichever key comes first."""
        bucket = split.bucket(key)
        known = default.by_bucket.get(bucket)
        if known is None:
            known = self._evaluate(model, default.value.serve, {HASH_ATTRIBUTE: key})
            default.by_bucket[bucket] = known
        return known

    def _default(self, model: str) -> _Default:
        default = self._defaults.get(model)
        if default is None:
            raise NotFound(f"model: expected one of {sorted(self._defaults)}, got {model!r}")
        return default

    def _evaluate(self, model: str, stable: str, attributes: dict[str, Any]) -> Assignment:
        context = EvaluationContext(
            user=UserContext(attributes=attributes),
            global_ctx=self._context,
            stack=StackContext(),
        )
        result = eval_feature(feature_key(model), context)
        version = result.value["serve"]
        shadows = tuple(result.value.get("shadow", ()))
        if result.source == "defaultValue":
            return Assignment(version, stable, STABLE, Reason.STATIC, shadows, self.revision)
        experiment = result.experimentResult
        if experiment is None:
            reason = Reason.TARGETING_MATCH
            return Assignment(
                version, stable, result.ruleId or reason.value, reason, shadows, self.revision
            )
        release_id, _, step = experiment.name.rpartition("/")
        return Assignment(
            version,
            stable,
            experiment.key,
            Reason.SPLIT,
            shadows,
            self.revision,
            release_id or None,
            int(step) if step.isdecimal() else None,
            None if experiment.bucket is None else round(experiment.bucket * BUCKETS),
        )


def _rules(definition: dict[str, Any]) -> list[Any]:
    return [dict(rule) for rule in definition.get("rules", ())]


def _split_seed(definition: dict[str, Any]) -> str | None:
    """The seed of a feature whose one rule is a plain split on the targeting key's bucket."""
    rules = definition.get("rules", ())
    if len(rules) != 1 or not rules[0].keys() <= _SPLIT_MEMBERS or "ranges" not in rules[0]:
        return None
    rule = rules[0]
    if (rule.get("hashAttribute"), rule.get("hashVersion")) != (HASH_ATTRIBUTE, HASH_VERSION):
        return None
    seed = rule.get("seed")
    return seed if isinstance(seed, str) and seed else None


def _variations(feature: Feature) -> list[Any]:
    values: list[Any] = []
    for rule in feature.rules:
        values.extend(rule.variations or ())
        if rule.force is not None:
            values.append(rule.force)
    return values


def _route_value(value: Any, key: str) -> RouteValue:
    try:
        return RouteValue(value["serve"], tuple(value.get("shadow", ())))
    except (KeyError, TypeError, AttributeError) as error:
        raise ContractError(f"routes.{key}", '{"serve": version, "shadow": […]}', value) from error
