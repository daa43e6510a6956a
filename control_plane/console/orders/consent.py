"""The merchant's consents: recorded as they were given in writing, and withdrawn."""

from collections.abc import Callable
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
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import reason_field, text_field, ticket_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.elements.moment import given_moment
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.principal import Permission, Principal

USES = {Use.TRAIN: "learn from orders", Use.AUTOMATED_DECISION: "decide about persons"}
Consent = dict[str, Any]


async def ask_consent(desk: Desk) -> None:
    """Record one for each purpose and use that was agreed to."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("From the next night on, models of these purposes may be trained.")
            html.li("It takes the place of the one in force for the same purpose and use.")
            html.li("The text and its signature stay with you: its digest is kept here.")

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

    async def submit(values: Values) -> str:
        names = ("given_by", "document", "text_version", "text_digest")
        words: dict[str, str | None] = {name: values.get(name, "").strip() for name in names}
        words |= {"given_at": given_moment(values.get("given_at", ""))}
        words |= {"ticket": values.get("ticket", "").strip() or None}
        pairs = [(p, u) for p in chosen(values, "purpose") for u in chosen(values, "use")]
        if not pairs:
            raise ContractError("For and To", "at least one of each", "none")
        bodies = [ConsentIn.model_validate(words | {"purpose": p, "use": u}) for p, u in pairs]
        attempt = Attempt(
            action=Action.CONSENT_GIVE, entity="consents", permission=Permission.CONSENTS_WRITE
        )
        await desk.write(attempt, _given(desk.parts.settings.shop, bodies))
        return "The consent is recorded."

    question = Question(
        title="Record a consent", confirm="Record", explain=explain, fields=fields, submit=submit
    )
    ask(desk, question)


async def ask_withdraw(desk: Desk, consent: Consent) -> None:
    """End one, as the merchant asks."""

    async def submit(values: Values) -> str:
        body = WithdrawIn(
            reason=values.get("reason", "").strip(),
            ticket=values.get("ticket", "").strip() or None,
        )
        attempt = Attempt(
            action=Action.CONSENT_WITHDRAW,
            entity=f"consent:{consent['id']}",
            permission=Permission.CONSENTS_WRITE,
        )
        await desk.write(
            attempt,
            lambda session, who: (
                service.withdraw(session, who, consent["id"], body.reason, body.ticket).id
            ),
        )
        return "The consent is withdrawn."

    question = Question(
        title=f"Withdraw the consent for {consent['purpose']}",
        confirm="Withdraw",
        explain=partial(_consequences, consent),
        fields=_why,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


def _consequences(consent: Consent) -> None:
    with html.ul().classes("consequence"):
        if consent["use"] == Use.TRAIN.value:
            html.li(f"No night trains {consent['purpose']} any more.")
            html.li("No release leads to a version trained under it; what serves goes on.")
        else:
            html.li(f"{consent['purpose']} decides about nobody's order any more.")


def _why() -> None:
    reason_field("By which writing of the merchant's.")
    ticket_field()


def _given(shop: str, bodies: list[ConsentIn]) -> Callable[[WriteSession, Principal], list[str]]:
    def give(session: WriteSession, who: Principal) -> list[str]:
        return [_give(session, who, shop, body) for body in bodies]

    return give


def _give(session: WriteSession, who: Principal, shop: str, body: ConsentIn) -> str:
    members = body.model_dump(exclude={"ticket"}) | {"shop": shop}
    return service.give(session, who, service.Grant(**members), body.ticket)[0].id
