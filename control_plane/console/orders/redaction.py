"""Ending a law request by hand."""

from typing import Any

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import reason_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.principal import Permission
from control_plane.redactions import service
from control_plane.redactions.note import has_wish, remove_wish
from control_plane.redactions.schemas import CloseIn


async def ask_close(desk: Desk, row: dict[str, Any]) -> None:
    """Has the merchant handed the data over, or does a law ask that they are kept?"""
    request_id = row["id"]

    told = [
        "What is not erased yet stays.",
        "An erasure closes by itself once every part has done its own.",
    ]
    if row["topic"] == service.Topic.DATA_REQUEST:
        told = ["The merchant has handed the data over: nothing names the person any more."]

    def fields() -> None:
        reason_field("Goes into the register, with your name: name nobody here.")

    async def submit(values: Values) -> str:
        body = CloseIn.model_validate({"reason": values.text("reason")})
        attempt = Attempt(
            action=Action.REDACTION_CLOSE,
            entity=f"redaction:{request_id}",
            permission=Permission.REDACTIONS_WRITE,
        )
        there = has_wish(desk.parts.settings.home, request_id)
        await desk.write(
            attempt,
            lambda session, who: (
                service.close_by_hand(session, who, request_id, body.reason, exportable=there).id
            ),
        )
        remove_wish(desk.parts.settings.home, request_id)
        return "The request is closed."

    question = Question(
        title="Close a law request",
        confirm="Close",
        told=(*told, "It cannot be opened again."),
        fields=fields,
        submit=submit,
    )
    ask(desk, question)
