"""What a published routes document does with a targeting key: growthbook's own evaluator."""

from dataclasses import asdict, dataclass
from typing import Any

from growthbook.common_types import (
    EvaluationContext,
    Feature,
    GlobalContext,
    Options,
    StackContext,
    UserContext,
)
from growthbook.core import eval_feature

from bentos.contract.documents import RoutesBody
from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS, HASH_ATTRIBUTE, STABLE, feature_key


@dataclass(frozen=True)
class Evaluated:
    """Where the route leads, as a decision would say it."""

    version: str
    variant: str
    reason: str
    bucket: int | None

    def as_json(self) -> dict[str, Any]:
        """For the API."""
        return asdict(self)


def evaluate(
    routes: RoutesBody, model: str, targeting_key: str | None, attributes: dict[str, Any]
) -> Evaluated:
    """Raises ContractError for a model without a route. Without a key the default serves."""
    key = feature_key(model)
    definition = routes.features.get(key)
    if definition is None:
        raise ContractError("model", f"one of {sorted(routes.features)}", key)
    default = definition["defaultValue"]
    if targeting_key is None:
        return Evaluated(default["serve"], STABLE, "STATIC", None)
    feature = Feature(default, [dict(rule) for rule in definition.get("rules", ())])
    context = EvaluationContext(
        user=UserContext(attributes={**attributes, HASH_ATTRIBUTE: targeting_key}),
        global_ctx=GlobalContext(options=Options(), features={key: feature}),
        stack=StackContext(),
    )
    result = eval_feature(key, context)
    experiment = result.experimentResult
    if experiment is None:
        reason = "STATIC" if result.source == "defaultValue" else "TARGETING_MATCH"
        variant = STABLE if reason == "STATIC" else result.ruleId or reason
        return Evaluated(result.value["serve"], variant, reason, None)
    bucket = None if experiment.bucket is None else round(experiment.bucket * BUCKETS)
    return Evaluated(result.value["serve"], experiment.key, "SPLIT", bucket)
