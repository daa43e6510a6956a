"""An upstream GrowthBook: proposed by one person, agreed to by another, ended by whoever may
go back."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import reason_field, text_field, ticket_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.follow import service
from control_plane.follow.schemas import FollowIn
from control_plane.principal import Permission
from control_plane.releases.schemas import ReasonIn

Row = dict[str, Any]


async def ask_follow(desk: Desk, models: Sequence[str]) -> None:
    """Propose to take some models' routes from elsewhere; ``models`` have a stable version."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("Somebody there will move the traffic of these models, without our approval.")
            html.li("Nothing happens until a second person agrees.")

    def fields() -> None:
        hint = "https://cdn.growthbook.io, or one of your own."
        text_field("url", "Address", required=True, focus=True, hint=hint, maxlength="500")
        hint = "Where it is read: file:upstream.key of the keys folder. Never the key itself."
        text_field("client_key", "Client key", required=True, hint=hint, maxlength="120")
        hint = "The same way, where the upstream encrypts."
        text_field("decryption_key", "Decryption key (optional)", hint=hint, maxlength="120")
        hint = "The upstream's feature is called model. and the name."
        choices_field("model", "Models", [(each, each) for each in models], hint=hint)
        reason_field(focus=False)
        ticket_field()

    async def submit(values: Values) -> str:
        body = FollowIn(
            url=values.get("url", "").strip(),
            client_key=values.get("client_key", "").strip(),
            decryption_key=values.get("decryption_key", "").strip() or None,
            models=chosen(values, "model"),
            reason=values.get("reason", "").strip(),
            ticket=values.get("ticket", "").strip() or None,
        )
        attempt = Attempt(
            action=Action.FOLLOW_PROPOSE, entity="follow", permission=Permission.FOLLOW
        )
        await desk.write(attempt, lambda session, who: service.propose(session, who, body).id)
        return "It is proposed: a second person agrees."

    question = Question(
        title="Follow an upstream", confirm="Propose", explain=explain, fields=fields, submit=submit
    )
    ask(desk, question)


async def ask_agree(desk: Desk, row: Row) -> None:
    """Agree, as a second person."""

    async def submit(values: Values) -> str:
        body = ReasonIn(reason=values.get("reason", "").strip())
        attempt = _attempt(Action.FOLLOW_APPROVE, row, Permission.RELEASES_APPROVE)
        await desk.write(
            attempt, lambda session, who: service.approve(session, who, row["id"], body.reason).id
        )
        return "It is in force."

    text = "From now on somebody there moves the traffic of these models, without our approval."
    question = Question(
        title="Agree to follow",
        confirm="Agree",
        explain=partial(_shown, row, text),
        fields=reason_field,
        submit=submit,
    )
    ask(desk, question)


async def ask_stop(desk: Desk, row: Row) -> None:
    """Stop following: going back needs nobody's approval."""

    async def submit(values: Values) -> str:
        body = ReasonIn(reason=values.get("reason", "").strip())
        attempt = _attempt(Action.FOLLOW_END, row, Permission.RELEASES_BACK)
        await desk.write(
            attempt, lambda session, who: service.end(session, who, row["id"], body.reason).id
        )
        return "It is over."

    question = Question(
        title="Stop following",
        confirm="Stop now",
        explain=partial(_shown, row, "The models go back to their stable versions."),
        fields=reason_field,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


def _attempt(action: Action, row: Row, permission: Permission) -> Attempt:
    return Attempt(action=action, entity=f"follow:{row['id']}", permission=permission)


def _shown(row: Row, text: str) -> None:
    with html.ul().classes("consequence"):
        html.li(f"{row['url']}: {', '.join(row['models'])}").classes("strong")
        html.li(text)
