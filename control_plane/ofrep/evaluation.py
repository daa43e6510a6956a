"""What OFREP answers about flags, from the GrowthBook payload a key may see."""

from typing import Any

from bentos.contract.documents import RoutesBody
from bentos.contract.route import FEATURE_PREFIX
from control_plane.decisions.route_evaluation import evaluate
from control_plane.ofrep.context import TARGETING_KEY, Context, RefusedError

FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
Features = dict[str, Any]


def evaluate_flag(features: Features, flag: str, context: Context) -> dict[str, Any]:
    """An ``evaluationSuccess``; raises RefusedError.

    A kill is a plain route by now: STATIC. Which versions get copies is nobody else's business,
    so the value says only who serves.
    """
    if flag not in features:
        raise RefusedError(FLAG_NOT_FOUND, "no such flag, or none this key may see")
    if context.targeting_key is None and features[flag].get("rules"):
        needed = f"context.{TARGETING_KEY}: expected the shopper's key, by which a split is made"
        raise RefusedError("TARGETING_KEY_MISSING", needed)
    model = flag.removeprefix(FEATURE_PREFIX)
    found = evaluate(
        RoutesBody(features=features), model, context.targeting_key, context.attributes
    )
    bucket = {} if found.bucket is None else {"bucket": found.bucket}
    return {
        "key": flag,
        "value": {"serve": found.version},
        "reason": found.reason,
        "variant": found.variant,
        "metadata": {"model": model, **bucket},
    }


def evaluate_all(features: Features, context: Context) -> list[dict[str, Any]]:
    """Every flag's answer, or why there is none, by name."""
    return [_answer(features, flag, context) for flag in sorted(features)]


def _answer(features: Features, flag: str, context: Context) -> dict[str, Any]:
    try:
        return evaluate_flag(features, flag, context)
    except RefusedError as error:
        return failure(error, flag)


def failure(error: RefusedError, flag: str | None = None) -> dict[str, Any]:
    """An ``evaluationFailure``, of one flag or of the whole request."""
    named = {} if flag is None else {"key": flag}
    return {**named, "errorCode": error.code, "errorDetails": error.details}
