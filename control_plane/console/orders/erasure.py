"""Erasing a person from the recorded decisions, and deleting what is due."""

from datetime import UTC, datetime
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import area_field, reason_field, ticket_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.decisions.erasure import order_erasure
from control_plane.decisions.erasure_order import subjects_of
from control_plane.decisions.retention import expire
from control_plane.decisions.schemas import ErasureIn
from control_plane.principal import Permission

MAX_REASON = 1000


async def ask_erasure(desk: Desk) -> None:
    """Order that somebody is erased."""
    told = (
        "What their decisions keep about them goes: inputs, outputs, pseudonym, salt.",
        "The public parts stay, and every proof still verifies.",
        "Later decisions that still arrive are erased too. It cannot be undone.",
    )

    def fields() -> None:
        hint = "Browser ids, one a line. They become pseudonyms in memory and are kept nowhere."
        area_field("keys", "Targeting keys", hint=hint)
        hint = "Kind and id, one a line: customer 4711"
        area_field("entities", "Or by other ids", hint=hint)
        hint = "26 characters, one a line, as decisions show them."
        area_field("subjects", "Or pseudonyms", hint=hint)
        hint = "Goes into the register, with your name: name nobody here."
        reason_field(hint, focus=False)
        ticket_field()

    async def submit(values: Values) -> str:
        body = ErasureIn.model_validate(
            {
                "targeting_keys": _lines(values, "keys"),
                "subjects": _lines(values, "subjects"),
                "entities": [_entity(each) for each in _lines(values, "entities")],
                "reason": values.text("reason"),
                "ticket": values.maybe("ticket"),
            }
        )
        attempt = Attempt(
            action=Action.DECISION_ERASE, entity="erasure", permission=Permission.DECISIONS_ERASE
        )
        await desk.seat.demand(attempt)
        subjects = subjects_of(desk.parts.settings, body)
        await desk.write(
            attempt,
            lambda session, who: order_erasure(session, who, subjects, body.reason, body.ticket).id,
        )
        desk.parts.upkeep.wake()
        return "The erasure is ordered and under way."

    question = Question(
        title="Erase a person",
        confirm="Erase for good",
        told=told,
        fields=fields,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def ask_expire(desk: Desk, due: list[dict[str, Any]]) -> None:
    """Delete whole days whose time is over, now instead of within the hour."""
    rows = sum(each["rows"] for each in due)
    told = (
        f"{len(due)} days go, with {rows:,} rows. It cannot be undone.",
        "Each is told in the register first; roots stay, and say what there was.",
    )

    async def submit(_: Values) -> str:
        attempt = Attempt(
            action=Action.DECISION_EXPIRE,
            entity="decisions",
            permission=Permission.DECISIONS_EXPIRE,
        )
        parts, today = desk.parts, datetime.now(UTC).date()
        gone = await desk.call(
            attempt,
            lambda who: expire(
                parts.decisions.lake, parts.database, who, parts.settings.retention, today
            ),
        )
        desk.go("/retention")
        return f"{len(gone)} days are deleted."

    question = Question(
        title="Delete what is due",
        confirm="Delete now",
        told=told,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


def _lines(values: Values, name: str) -> list[str]:
    return [line.strip() for line in values.get(name, "").splitlines() if line.strip()]


def _entity(line: str) -> dict[str, str]:
    kind, _, raw = line.partition(" ")
    if not raw.strip():
        # The line is not repeated: it may be somebody's id.
        raise ContractError("entities", "a kind and an id, e.g. customer 4711", "one word")
    return {"kind": kind, "id": raw.strip()}
