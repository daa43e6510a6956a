"""An upstream GrowthBook: proposed by one person, agreed to by another, ended by whoever may
go back."""

from collections.abc import Sequence
from typing import Any

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed, why
from control_plane.console.elements.field import reason_field, text_field, ticket_field
from control_plane.console.elements.form import Values
from control_plane.console.seat import Attempt
from control_plane.follow import service
from control_plane.follow.schemas import FollowIn
from control_plane.principal import Permission

Row = dict[str, Any]


async def ask_follow(desk: Desk, models: Sequence[str]) -> None:
    """Propose to take some models' routes from elsewhere; ``models`` have a stable version."""

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

    deed = Deed(
        title="Follow an upstream",
        confirm="Propose",
        told=(
            "Somebody there will move the traffic of these models, without our approval.",
            "Nothing happens until a second person agrees.",
        ),
        fields=fields,
        attempt=Attempt(
            action=Action.FOLLOW_PROPOSE, entity="follow", permission=Permission.FOLLOW
        ),
        read=_proposal,
        change=service.propose,
        done="It is proposed: a second person agrees.",
    )
    ask_deed(desk, deed)


async def ask_agree(desk: Desk, row: Row) -> None:
    """Agree, as a second person."""
    deed = Deed(
        title="Agree to follow",
        confirm="Agree",
        about=_what(row),
        told=(
            "From now on somebody there moves the traffic of these models, without our approval.",
        ),
        fields=reason_field,
        attempt=_attempt(Action.FOLLOW_APPROVE, row, Permission.RELEASES_APPROVE),
        read=why,
        change=lambda session, who, reason: service.approve(session, who, row["id"], reason),
        done="It is in force.",
    )
    ask_deed(desk, deed)


async def ask_stop(desk: Desk, row: Row) -> None:
    """Stop following: going back needs nobody's approval."""
    deed = Deed(
        title="Stop following",
        confirm="Stop now",
        about=_what(row),
        told=("The models go back to their stable versions.",),
        fields=reason_field,
        attempt=_attempt(Action.FOLLOW_END, row, Permission.RELEASES_BACK),
        read=why,
        change=lambda session, who, reason: service.end(session, who, row["id"], reason),
        done="It is over.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


def _proposal(values: Values) -> FollowIn:
    return FollowIn(
        url=values.text("url"),
        client_key=values.text("client_key"),
        decryption_key=values.maybe("decryption_key"),
        models=chosen(values, "model"),
        reason=values.text("reason"),
        ticket=values.maybe("ticket"),
    )


def _attempt(action: Action, row: Row, permission: Permission) -> Attempt:
    return Attempt(action=action, entity=f"follow:{row['id']}", permission=permission)


def _what(row: Row) -> str:
    return f"{row['url']}: {', '.join(row['models'])}"
