"""GrowthBook's two evaluators: the Python package the gateway uses, and the JavaScript SDK."""

from collections.abc import Callable
from typing import Any

import pytest
from growthbook.common_types import (
    EvaluationContext,
    Feature,
    GlobalContext,
    Options,
    StackContext,
    UserContext,
)
from growthbook.core import eval_feature

from tests.routing import javascript_sdk

# value, source, variation key, variation name, bucket
Answer = tuple[Any, str, str | None, str | None, float | None]
Case = tuple[str, dict[str, Any]]


def evaluate_in_python(features: dict[str, Any], cases: list[Case]) -> list[Answer]:
    context = GlobalContext(
        options=Options(),
        features={
            key: Feature(definition["defaultValue"], [dict(r) for r in definition.get("rules", ())])
            for key, definition in features.items()
        },
    )
    return [_evaluate(context, feature, attributes) for feature, attributes in cases]


def _evaluate(context: GlobalContext, feature: str, attributes: dict[str, Any]) -> Answer:
    user = UserContext(attributes=attributes)
    evaluation = EvaluationContext(user=user, global_ctx=context, stack=StackContext())
    result = eval_feature(feature, evaluation)
    experiment = result.experimentResult
    if experiment is None:
        return result.value, result.source, None, None, None
    return result.value, result.source, experiment.key, experiment.name, experiment.bucket


@pytest.fixture(scope="session")
def evaluate() -> Callable[[dict[str, Any], list[Case]], list[Answer]]:
    """The Python package's evaluator over the ``features`` of a payload."""
    return evaluate_in_python


@pytest.fixture(scope="session")
def evaluate_in_javascript() -> Callable[..., list[list[Answer]]]:
    """GrowthBook's JavaScript SDK under Node, installed from the lock on first use."""
    javascript_sdk.node()
    return javascript_sdk.evaluate
