"""The steps by name: each runs up to itself and says what it gave.

Steps before it are taken from the cache where their inputs are unchanged, so a step alone
costs that step. sync and consent leave nothing on disk that names a shopper.
"""

from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from training import run as runs
from training.lake import Snapshot
from training.lines import Lines, OrderSource, prepare_lines
from training.recipes import Request, recipe
from training.settings import Settings

ORDER_STEPS = ("sync", "consent", "pseudonymise")
NAMES = (
    *ORDER_STEPS,
    "features",
    "snapshot",
    "split",
    "fit",
    "evaluate",
    "export",
    "package",
)


def run_step(
    settings: Settings, name: str, source: OrderSource, model: str, as_of: str | None
) -> dict[str, Any]:
    """What the step gives, as JSON values. Raises ContractError for an unknown step."""
    if name not in NAMES:
        raise ContractError("step", f"one of {list(NAMES)}", name)
    recipe(model)
    lines = prepare_lines(settings, source, (model,))
    if name in ORDER_STEPS:
        return {"step": name, **_of_lines(name, lines)}
    request = Request(model=model, as_of=runs.as_of_moment(as_of, lines), seed=settings.seed)
    snapshot = runs.make_snapshot(settings, lines, request)
    if name in ("features", "snapshot"):
        return {"step": name, **msgspec.to_builtins(snapshot)}
    if name == "split":
        return {"step": name, "rows": recipe(model).windows(snapshot.folder_path)}
    if name == "package":
        made = runs.make_version(settings, lines, request)
        return {"step": name, **msgspec.to_builtins(made)}
    return {"step": name, **_of_fitted(settings, name, snapshot, request)}


def _of_lines(name: str, lines: Lines) -> dict[str, Any]:
    if name == "sync":
        return {"orders": lines.report, "assumptions": lines.assumptions}
    if name == "consent":
        return {
            "consent_basis": lines.consent_basis,
            "mapping": lines.mapping,
            "consents": lines.consents,
            "left_out": lines.left_out,
        }
    return {"lines": lines.path, "pseudonym_key_id": lines.pseudonym_key_id}


def _of_fitted(
    settings: Settings, name: str, snapshot: Snapshot, request: Request
) -> dict[str, Any]:
    fitted = runs.fit(snapshot, request)
    answer: dict[str, Any] = {"parameters": fitted.parameters}
    if name == "evaluate":
        answer["offline"] = msgspec.to_builtins(fitted.offline)
        answer["beats_baseline"] = fitted.offline.beats_baseline()
    if name == "export":
        from training.export import export  # noqa: PLC0415 - onnxruntime

        answer |= export(settings, snapshot, request, fitted)
    return answer
