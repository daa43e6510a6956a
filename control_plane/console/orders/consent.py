"""The merchant's consents: recorded as they were given in writing, and withdrawn."""

from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.training_consent import Purpose, Use
from control_plane.consents import service
from control_plane.consents.schemas import ConsentIn, WithdrawIn
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed
from control_plane.console.elements.field import reason_field, text_field, ticket_field
from control_plane.console.elements.form import Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal

USES = {Use.TRAIN: "learn from orders", Use.AUTOMATED_DECISION: "decide about persons"}
Consent = dict[str, Any]


async def ask_consent(desk: Desk) -> None:
    """Record one for each purpose and use that was agreed to."""

    def fields() -> None:
        purposes = [(each.value, each.value) for each in Purpose]
        choices_field("purpose", "For", purposes, hint="Models of these purposes.")
        uses = [(each.value, words) for each, words in USES.items()]
        choices_field("use", "To", uses, hint="Who allows the one has not allowed the other.")
        text_field("given_by", "Given by", hint="Who of the merchant's, and their office.")
        text_field("document", "In which writing", hint="And where it is kept.")
        with html.div().classes("field-row"):
            text_field("text_version", "Version of the text", hint="Such as 2026-11.")
            text_field("given_at", "Given (UTC), empty: now", kind="datetime-local")
        text_field("text_digest", "SHA-256 of the text", hint="As sha256sum shows it, 64 digits.")
        ticket_field()

    deed = Deed(
        title="Record a consent",
        confirm="Record",
        told=(
            "From the next night on, models of these purposes may be trained.",
            "It takes the place of the one in force for the same purpose and use.",
            "The text and its signature stay with you: its digest is kept here.",
        ),
        fields=fields,
        attempt=_attempt(Action.CONSENT_GIVE, "consents"),
        read=_given,
        change=partial(_give, desk.parts.settings.shop),
        done="The consent is recorded.",
    )
    ask_deed(desk, deed)


async def ask_withdraw(desk: Desk, consent: Consent) -> None:
    """End one, as the merchant asks."""
    deed = Deed(
        title=f"Withdraw the consent for {consent['purpose']}",
        confirm="Withdraw",
        told=_consequences(consent),
        fields=_why,
        attempt=_attempt(Action.CONSENT_WITHDRAW, f"consent:{consent['id']}"),
        read=lambda values: WithdrawIn(reason=values.text("reason"), ticket=values.maybe("ticket")),
        change=lambda session, who, body: service.withdraw(
            session, who, consent["id"], body.reason, body.ticket
        ),
        done="The consent is withdrawn.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


def _consequences(consent: Consent) -> tuple[str, ...]:
    if consent["use"] == Use.TRAIN.value:
        return (
            f"No night trains {consent['purpose']} any more.",
            "No release leads to a version trained under it; what serves goes on.",
        )
    return (f"{consent['purpose']} decides about nobody's order any more.",)


def _why() -> None:
    reason_field("By which writing of the merchant's.")
    ticket_field()


def _given(values: Values) -> list[ConsentIn]:
    names = ("given_by", "document", "text_version", "text_digest")
    words: dict[str, str | None] = {name: values.text(name) for name in names}
    words |= {"given_at": given_moment(values.get("given_at", ""))}
    words |= {"ticket": values.maybe("ticket")}
    pairs = [(p, u) for p in chosen(values, "purpose") for u in chosen(values, "use")]
    if not pairs:
        raise ContractError("For and To", "at least one of each", "none")
    return [ConsentIn.model_validate(words | {"purpose": p, "use": u}) for p, u in pairs]


def _give(shop: str, session: WriteSession, who: Principal, bodies: list[ConsentIn]) -> None:
    for body in bodies:
        members = body.model_dump(exclude={"ticket"}) | {"shop": shop}
        service.give(session, who, service.Grant(**members), body.ticket)


def _attempt(action: Action, entity: str) -> Attempt:
    return Attempt(action=action, entity=entity, permission=Permission.CONSENTS_WRITE)
