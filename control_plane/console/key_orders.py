"""Making and revoking keys and one-time passwords. What is secret is shown this once."""

import asyncio
from collections.abc import Callable

from nicegui import html

from bentos.contract.register import Action
from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import ask, tell
from control_plane.console.elements.field import choice_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.db import WriteSession
from control_plane.people import keys, sign_in
from control_plane.people.keys import KeyPlan
from control_plane.people.secret import Secret
from control_plane.principal import SERVICES, Permission, Principal

FOREVER = ""
DAY_S = 86_400
LASTING = (
    (str(90 * DAY_S), "for 90 days"),
    (str(365 * DAY_S), "for a year"),
    (FOREVER, "until it is revoked"),
)


async def ask_person_key(desk: Desk, person: str) -> None:
    """A key that acts for a person."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li(f"The key may do what {person} may do, in their name.")
            html.li("It is shown once. To rotate: make the new one, then revoke the old one.")

    async def submit(values: Values) -> str:
        seconds = values.get("lasts", FOREVER)
        plan = KeyPlan(expires_at=clock.later(float(seconds)) if seconds else None)
        return await _issue(
            desk,
            f"person:{person}",
            lambda session, who: keys.issue_person_key(session, who, person, plan),
        )

    question = Question(
        title=f"New key: {person}",
        confirm="Make the key",
        explain=explain,
        fields=lambda: choice_field("lasts", "Good", LASTING),
        submit=submit,
    )
    ask(desk, question)


async def ask_service_key(desk: Desk) -> None:
    """A key for one of the services."""
    services = [(name, name) for name in SERVICES]

    async def submit(values: Values) -> str:
        name = values.get("service", "")
        return await _issue(
            desk,
            f"service:{name}",
            lambda session, who: keys.issue_service_key(session, who, name),
        )

    question = Question(
        title="New key for a service",
        confirm="Make the key",
        fields=lambda: choice_field("service", "Service", services),
        submit=submit,
    )
    ask(desk, question)


async def ask_revoke(desk: Desk, key_id: str) -> None:
    """End a key."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("Whoever sends it is refused from now on. It cannot be taken back.")

    async def submit(_: Values) -> str:
        attempt = Attempt(
            action=Action.KEY_REVOKE, entity=f"key:{key_id}", permission=Permission.PEOPLE
        )
        await desk.write(attempt, lambda session, who: keys.revoke_key(session, who, key_id).id)
        return f"Key {key_id} is revoked."

    question = Question(
        title=f"Revoke key {key_id}",
        confirm="Revoke now",
        explain=explain,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def ask_password(desk: Desk, person: str) -> None:
    """A one-time password, to sign in with and choose one's own."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li(f"Every session of {person} ends; their present password is good no more.")
            html.li("With it they can only choose a password of their own.")

    async def submit(_: Values) -> str:
        attempt = Attempt(
            action=Action.PASSWORD_RESET, entity=f"person:{person}", permission=Permission.PEOPLE
        )
        fresh = await asyncio.to_thread(sign_in.new_one_time)
        password = await desk.write(
            attempt, lambda session, who: sign_in.reset_password(session, who, person, fresh)
        )
        _show(desk, "One-time password", password.text, f"Good for {person}, once, for a day.")
        return f"{person} has a one-time password."

    question = Question(
        title=f"One-time password: {person}",
        confirm="Make one",
        explain=explain,
        submit=submit,
    )
    ask(desk, question)


async def _issue(desk: Desk, entity: str, make: Callable[[WriteSession, Principal], Secret]) -> str:
    attempt = Attempt(action=Action.KEY_CREATE, entity=entity, permission=Permission.PEOPLE)
    key = await desk.write(attempt, make)
    _show(desk, "The new key", key.text, "Send it as Authorization: Bearer …")
    return f"Key {key.id} was made."


def _show(desk: Desk, title: str, secret: str, text: str) -> None:
    def draw() -> None:
        html.code(secret).classes("secret")
        html.p(text)
        html.p("It is shown this once and kept nowhere: copy it now.").classes("strong")

    tell(desk, title, draw)
