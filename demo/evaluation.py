"""What the routes say about a key, evaluated here and not by the gateway.

Every published routes document is kept under its revision, so that an answer is judged by
the very routes it says it followed.
"""

from functools import lru_cache
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
from bentos.contract.route import HASH_ATTRIBUTE, STABLE, feature_key


class Expected:
    """Version and variant a key must get under one routes document."""

    __slots__ = ("serve", "variant")

    def __init__(self, serve: str, variant: str) -> None:
        self.serve = serve
        self.variant = variant


class RoutesHistory:
    """All routes documents seen, by revision."""

    def __init__(self) -> None:
        self._contexts: dict[str, GlobalContext] = {}
        self._bodies: dict[str, RoutesBody] = {}
        self._evaluate = lru_cache(maxsize=200_000)(self._evaluate_once)

    def add(self, revision: str, body: RoutesBody) -> None:
        """Keep one document."""
        self._bodies[revision] = body
        self._contexts[revision] = GlobalContext(
            options=Options(),
            features={
                key: Feature(definition["defaultValue"], list(definition.get("rules", ())))
                for key, definition in body.features.items()
            },
        )

    def __contains__(self, revision: str) -> bool:
        return revision in self._bodies

    def feature(self, revision: str, model: str) -> dict[str, Any]:
        """The model's GrowthBook feature at that revision; empty where it had none."""
        definition: dict[str, Any] = self._bodies[revision].features.get(feature_key(model), {})
        return definition

    def expected(self, revision: str, model: str, key: str) -> Expected:
        """What the growthbook package says for this key; KeyError for an unknown revision."""
        return self._evaluate(revision, model, key)

    def _evaluate_once(self, revision: str, model: str, key: str) -> Expected:
        context = EvaluationContext(
            user=UserContext(attributes={HASH_ATTRIBUTE: key}),
            global_ctx=self._contexts[revision],
            stack=StackContext(),
        )
        result = eval_feature(feature_key(model), context)
        experiment = result.experimentResult
        return Expected(result.value["serve"], STABLE if experiment is None else experiment.key)
