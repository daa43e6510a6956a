"""Freeze windows: made, called off, ended by a second person, and releases exempted from one."""

from collections.abc import Sequence
from typing import Any

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed, why
from control_plane.console.elements.field import (
    choice_field,
    reason_field,
    text_field,
    ticket_field,
)
from control_plane.console.elements.form import Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal
from control_plane.releases import freezes
from control_plane.releases.conflict import check_revision
from control_plane.releases.queries import get_release
from control_plane.releases.schemas import ExemptionIn, FreezeIn

Freeze = dict[str, Any]
RELEASE = "release"


async def ask_freeze(desk: Desk, models: Sequence[str]) -> None:
    """Make a window."""

    def fields() -> None:
        with html.div().classes("field-row"):
            text_field("starts_at", "From (UTC), empty: now", kind="datetime-local")
            text_field("ends_at", "Until (UTC)", kind="datetime-local", required=True)
        hint = "None ticked: every model, also those to come."
        choices_field("model", "Models", [(each, each) for each in models], hint=hint)
        reason_field("Whoever is held up reads it, e.g. Black Friday.", focus=False)
        ticket_field()

    deed = Deed(
        title="New freeze",
        confirm="Freeze",
        told=(
            "Inside it nothing starts, ramps, resumes or is promoted.",
            "Pausing, lowering, rolling back and killing are never frozen.",
            "Once it is in force only an approver who did not make it ends it.",
        ),
        fields=fields,
        attempt=Attempt(
            action=Action.FREEZE_CREATE, entity="freezes", permission=Permission.FREEZES
        ),
        read=_window,
        change=freezes.create_freeze,
        done="The freeze is set.",
    )
    ask_deed(desk, deed)


async def ask_cancel(desk: Desk, freeze: Freeze) -> None:
    """Call a window off before it begins."""
    deed = Deed(
        title="Call this freeze off",
        confirm="Call off",
        about=freeze["reason"],
        told=("It has not begun: nothing was held up by it.",),
        fields=reason_field,
        attempt=_attempt(Action.FREEZE_END, freeze, Permission.FREEZES),
        read=why,
        change=lambda session, who, reason: freezes.cancel_freeze(
            session, who, freeze["id"], reason
        ),
        done="The freeze is called off.",
    )
    ask_deed(desk, deed)


async def ask_end(desk: Desk, freeze: Freeze) -> None:
    """End a window, as somebody else than who made it."""
    deed = Deed(
        title="End this freeze",
        confirm="End it now",
        about=freeze["reason"],
        told=("Every release that it held may go forward from now on.",),
        fields=reason_field,
        attempt=_attempt(Action.FREEZE_END, freeze, Permission.RELEASES_APPROVE),
        read=why,
        change=lambda session, who, reason: freezes.end_freeze(session, who, freeze["id"], reason),
        done="The freeze is over.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


async def ask_exempt(desk: Desk, freeze: Freeze, releases: Sequence[dict[str, Any]]) -> None:
    """Let one release's present content go forward all the same."""
    revisions = {each["id"]: each["revision"] for each in releases}

    def fields() -> None:
        choices = [(each["id"], f"{each['model']}: {each['reason']}") for each in releases]
        hint = "Read it first: the exemption is for exactly its present content."
        choice_field(RELEASE, "Release", choices, hint=hint)
        reason_field()

    def read(values: Values) -> ExemptionIn:
        release = values.get(RELEASE, "")
        reason = values.text("reason")
        return ExemptionIn(release=release, expected_revision=revisions[release], reason=reason)

    def change(session: WriteSession, who: Principal, body: ExemptionIn) -> None:
        release = get_release(session, body.release)
        check_revision(session, release, body.expected_revision)
        freezes.exempt(session, who, freeze["id"], release, body.reason)

    deed = Deed(
        title="Exempt a release from this freeze",
        confirm="Exempt it",
        about=freeze["reason"],
        told=("You are one more pair of eyes, beside those who approved it: on content and date.",),
        fields=fields,
        attempt=_attempt(Action.FREEZE_EXEMPT, freeze, Permission.RELEASES_APPROVE),
        read=read,
        change=change,
        done="It may go forward in this freeze.",
    )
    ask_deed(desk, deed)


def _window(values: Values) -> freezes.Window:
    body = FreezeIn(
        starts_at=given_moment(values.get("starts_at", "")),
        ends_at=given_moment(values.get("ends_at", "")) or "",
        models=chosen(values, "model") or None,
        reason=values.text("reason"),
        ticket=values.maybe("ticket"),
    )
    return freezes.Window(**body.model_dump())


def _attempt(action: Action, freeze: Freeze, permission: Permission) -> Attempt:
    return Attempt(action=action, entity=f"freeze:{freeze['id']}", permission=permission)
