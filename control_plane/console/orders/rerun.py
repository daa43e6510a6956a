"""Run a decision again: as it was, against another version, or with other inputs."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.dialog import ask, tell
from control_plane.console.elements.field import area_field, check_field, choice_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.decisions.rerun import Changes, rerun
from control_plane.principal import Permission

AS_IT_WAS = ""


def rerun_button(desk: Desk, decision_id: str, versions: Sequence[str]) -> None:
    """For whoever may read what is about a person: inputs and outputs are."""
    button("Run it again…", partial(_ask, desk, decision_id, versions), key="rerun")


async def _ask(desk: Desk, decision_id: str, versions: Sequence[str]) -> None:
    told = (
        "Nothing changes. The answer is for you alone; that you asked is recorded.",
        "The same version on the same inputs has to give what was recorded.",
    )

    def fields() -> None:
        choices = [(AS_IT_WAS, "the one that answered"), *((each, each) for each in versions)]
        choice_field("version", "Version", choices)
        hint = 'Only what is to be otherwise, a value a row: {"amount": [12.5]}'
        area_field("inputs", "Other inputs (optional)", hint=hint)
        check_field("use_defaults", "Defaults for inputs that only the other version takes")

    async def submit(values: Values) -> str:
        changes = Changes(
            version=values.get("version") or None,
            inputs=_inputs(values.get("inputs", "")),
            use_defaults="use_defaults" in values,
        )
        attempt = Attempt(
            action=Action.DECISION_RERUN,
            entity=f"decision:{decision_id}",
            permission=Permission.DECISIONS_PERSONAL,
        )
        parts = desk.parts
        found = await desk.call(
            attempt,
            lambda who: rerun(
                parts.database, parts.decisions, parts.workers, who, decision_id, changes
            ),
        )
        tell(desk, "What it gives now", partial(_show, found))
        return "It was run again."

    question = Question(
        title="Run the decision again",
        confirm="Run",
        told=told,
        fields=fields,
        submit=submit,
    )
    ask(desk, question)


def _inputs(text: str) -> dict[str, list[Any]]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ContractError("inputs", "JSON", text, str(error)) from error
    if not isinstance(found, dict) or not all(isinstance(v, list) for v in found.values()):
        raise ContractError("inputs", "an object of lists, a value a row", text)
    return found


def _show(found: dict[str, Any]) -> None:
    html.pre(json.dumps(found, indent=1, default=str)).classes("raw")
