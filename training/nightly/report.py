"""What the control plane is told as a night ends: outcomes and names, never a row or a value.

The rows that show what was wrong stay in the run manifest, on this machine. A night is not spoilt
by a control plane that cannot be told: the manifest then says why.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from training.nightly.errors import DeskError, PassingError
from training.nightly.night import Night
from training.nightly.record import BAD, RunRecord, StepRecord
from training.nightly.told import unread

REPORTS = "/api/v1/nights"
NOT_READ = "not read"
LETTING_GO, STUCK = "let go", "not let go"
MOST_STUCK = 20
"""Places named at most: the run manifest names them all."""


def tell(night: Night) -> str | None:
    """Report the night; why it could not be, or None."""
    record = night.record
    key = f"nightly-{record.id}-report-{record.resumed}"
    try:
        night.control.post(REPORTS, report_of(record, synced_at(night)), key)
    except (DeskError, PassingError) as error:
        return str(error)
    return None


def report_of(record: RunRecord, synced: str | None) -> dict[str, Any]:
    """As ``POST /api/v1/nights`` takes it."""
    problems = [each for step in record.steps for each in _problems(step)]
    problems += [
        {"step": "sync", "check": NOT_READ, "column": stream} for stream in sorted(unread(record))
    ]
    problems += [
        {"step": LETTING_GO, "check": STUCK, "column": place[:100]}
        for place in sorted(record.stuck)[:MOST_STUCK]
    ]
    # Only where there is something to say: the release before knows no such names.
    let_go: dict[str, Any] = {}
    if record.went:
        let_go["let_go"] = [msgspec.to_builtins(each) for each in record.went]
    if record.held is not None:
        let_go["held"] = record.held
    return let_go | {
        "id": record.id,
        "outcome": record.worst().value,
        "started_at": record.started_at.isoformat(),
        "ended_at": (record.ended_at or datetime.now(UTC)).isoformat(),
        "synced_at": synced,
        "resumed": record.resumed,
        "models": [_model(record, model) for model in record.models],
        "problems": problems,
        "accepted": list(record.accept),
    }


def synced_at(night: Night) -> str | None:
    """When the connected shop was read last; None for nights from a file."""
    from training.shop.tables import ShopLake  # noqa: PLC0415

    if not night.source.shop:
        return None
    current = ShopLake.of(night.settings).current()
    return None if current is None else str(current.synced_at)


def _model(record: RunRecord, model: str) -> dict[str, Any]:
    built, drafted = record.step(f"package {model}"), record.step(f"draft {model}")
    made = {} if built is None or built.output is None else built.output
    draft = {} if drafted is None or drafted.output is None else drafted.output
    return {
        "model": model,
        "version": made.get("version"),
        "state": made.get("state"),
        "draft": draft.get("action"),
    }


def _problems(step: StepRecord) -> list[dict[str, Any]]:
    if step.outcome not in BAD:
        return []
    if not step.findings:
        return [{"step": step.step, "check": None, "column": None}]
    return [
        {"step": step.step, "check": each.check, "column": each.column[:100] or None}
        for each in step.findings
    ]
