"""Freeze windows: made, called off, ended by a second person, and releases exempted from one."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import (
    choice_field,
    reason_field,
    text_field,
    ticket_field,
)
from control_plane.console.elements.form import Question, Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal
from control_plane.releases import freezes
from control_plane.releases.conflict import check_revision
from control_plane.releases.queries import get_release
from control_plane.releases.schemas import ExemptionIn, FreezeIn, ReasonIn

Freeze = dict[str, Any]
RELEASE = "release"


async def ask_freeze(desk: Desk, models: Sequence[str]) -> None:
    """Make a window."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("Inside it nothing starts, ramps, resumes or is promoted.")
            html.li("Pausing, lowering, rolling back and killing are never frozen.")
            html.li("Once it is in force only an approver who did not make it ends it.")

    def fields() -> None:
        with html.div().classes("field-row"):
            text_field("starts_at", "From (UTC), empty: now", kind="datetime-local")
            text_field("ends_at", "Until (UTC)", kind="datetime-local", required=True)
        hint = "None ticked: every model, also those to come."
        choices_field("model", "Models", [(each, each) for each in models], hint=hint)
        reason_field("Whoever is held up reads it, e.g. Black Friday.", focus=False)
        ticket_field()

    async def submit(values: Values) -> str:
        body = FreezeIn(
            starts_at=given_moment(values.get("starts_at", "")),
            ends_at=given_moment(values.get("ends_at", "")) or "",
            models=chosen(values, "model") or None,
            reason=values.get("reason", "").strip(),
            ticket=values.get("ticket", "").strip() or None,
        )
        attempt = Attempt(
            action=Action.FREEZE_CREATE, entity="freezes", permission=Permission.FREEZES
        )
        window = freezes.Window(**body.model_dump())
        await desk.write(
            attempt, lambda session, who: freezes.create_freeze(session, who, window).id
        )
        return "The freeze is set."

    question = Question(
        title="New freeze", confirm="Freeze", explain=explain, fields=fields, submit=submit
    )
    ask(desk, question)


async def ask_cancel(desk: Desk, freeze: Freeze) -> None:
    """Call a window off before it begins."""

    async def submit(values: Values) -> str:
        body = ReasonIn(reason=values.get("reason", "").strip())
        attempt = _attempt(Action.FREEZE_END, freeze, Permission.FREEZES)
        await desk.write(
            attempt,
            lambda session, who: freezes.cancel_freeze(session, who, freeze["id"], body.reason).id,
        )
        return "The freeze is called off."

    question = Question(
        title="Call this freeze off",
        confirm="Call off",
        explain=partial(_shown, freeze, "It has not begun: nothing was held up by it."),
        fields=reason_field,
        submit=submit,
    )
    ask(desk, question)


async def ask_end(desk: Desk, freeze: Freeze) -> None:
    """End a window, as somebody else than who made it."""

    async def submit(values: Values) -> str:
        body = ReasonIn(reason=values.get("reason", "").strip())
        attempt = _attempt(Action.FREEZE_END, freeze, Permission.RELEASES_APPROVE)
        await desk.write(
            attempt,
            lambda session, who: freezes.end_freeze(session, who, freeze["id"], body.reason).id,
        )
        return "The freeze is over."

    question = Question(
        title="End this freeze",
        confirm="End it now",
        explain=partial(_shown, freeze, "Every release that it held may go forward from now on."),
        fields=reason_field,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def ask_exempt(desk: Desk, freeze: Freeze, releases: Sequence[dict[str, Any]]) -> None:
    """Let one release's present content go forward all the same."""
    revisions = {each["id"]: each["revision"] for each in releases}

    def fields() -> None:
        choices = [(each["id"], f"{each['model']}: {each['reason']}") for each in releases]
        hint = "Read it first: the exemption is for exactly its present content."
        choice_field(RELEASE, "Release", choices, hint=hint)
        reason_field()

    def change(values: Values, session: WriteSession, who: Principal) -> str:
        body = ExemptionIn(
            release=values.get(RELEASE, ""),
            expected_revision=revisions[values.get(RELEASE, "")],
            reason=values.get("reason", "").strip(),
        )
        release = get_release(session, body.release)
        check_revision(session, release, body.expected_revision)
        return freezes.exempt(session, who, freeze["id"], release, body.reason).id

    async def submit(values: Values) -> str:
        attempt = _attempt(Action.FREEZE_EXEMPT, freeze, Permission.RELEASES_APPROVE)
        await desk.write(attempt, partial(change, values))
        return "It may go forward in this freeze."

    text = "You are one more pair of eyes, beside those who approved it: on content and date."
    question = Question(
        title="Exempt a release from this freeze",
        confirm="Exempt it",
        explain=partial(_shown, freeze, text),
        fields=fields,
        submit=submit,
    )
    ask(desk, question)


def _attempt(action: Action, freeze: Freeze, permission: Permission) -> Attempt:
    return Attempt(action=action, entity=f"freeze:{freeze['id']}", permission=permission)


def _shown(freeze: Freeze, text: str) -> None:
    with html.ul().classes("consequence"):
        html.li(freeze["reason"]).classes("strong")
        html.li(text)
