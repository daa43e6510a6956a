"""The steps by name: each runs up to itself and says what it gave.

Steps before it are taken from the cache where their inputs are unchanged, so a step alone
costs that step. sync and consent leave nothing on disk that names a shopper.
"""

from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from training import run as runs
from training.lines import OrderSource, prepare_lines
from training.recipes import Request, recipe
from training.settings import Settings

NAMES = (
    "sync",
    "consent",
    "pseudonymise",
    "features",
    "snapshot",
    "split",
    "fit",
    "evaluate",
    "export",
    "package",
)


def run_step(
    settings: Settings, name: str, source: OrderSource, model: str, as_of: str | None, seed: int
) -> dict[str, Any]:
    """What the step gives, as JSON values. Raises ContractError for an unknown step."""
    if name not in NAMES:
        raise ContractError("step", f"one of {list(NAMES)}", name)
    recipe(model)
    lines = prepare_lines(settings, source)
    if name == "sync":
        return {"step": name, "orders": lines.report, "assumptions": lines.assumptions}
    if name == "consent":
        return {"step": name, "consent_basis": lines.consent_basis, "mapping": lines.mapping}
    if name == "pseudonymise":
        return {"step": name, "lines": lines.path, "pseudonym_key_id": lines.pseudonym_key_id}
    request = Request(model=model, as_of=runs.as_of_moment(as_of, lines), seed=seed)
    snapshot = runs.make_snapshot(settings, lines, request)
    if name in ("features", "snapshot"):
        return {"step": name, **msgspec.to_builtins(snapshot)}
    if name == "split":
        return {"step": name, "rows": _split(Path(snapshot.folder), request)}
    if name == "package":
        made = runs.make_version(settings, lines, request)
        return {"step": name, **msgspec.to_builtins(made)}
    fitted = runs.fit(snapshot, request)
    answer: dict[str, Any] = {"step": name, "parameters": fitted.parameters}
    if name == "evaluate":
        answer["offline"] = msgspec.to_builtins(fitted.offline)
        answer["passed"] = fitted.offline.beats_baseline()
    if name == "export":
        from training.export import export  # noqa: PLC0415

        answer |= export(settings, snapshot, request, fitted)
    return answer


def _split(folder: Path, request: Request) -> dict[str, int]:
    """Rows by window."""
    return recipe(request.model).windows(folder)
