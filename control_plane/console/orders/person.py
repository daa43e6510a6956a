"""New persons, other roles, shutting somebody out."""

import asyncio

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.deed import Deed, ask_deed, no_words
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import check_field, text_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.secret import show_secret
from control_plane.console.seat import Attempt
from control_plane.people import access, service, sign_in
from control_plane.people.schemas import PersonIn, RolesIn
from control_plane.principal import ROLES, Permission, Role

PERSONS = tuple(role for role in Role if role is not Role.SERVICE)


async def ask_person(desk: Desk) -> None:
    """Add somebody."""

    def fields() -> None:
        text_field(
            "id",
            "Id",
            required=True,
            focus=True,
            hint="e.g. ines.moreau; the register names them by it for good.",
        )
        text_field("name", "Name", required=True)
        role_fields(())

    async def submit(values: Values) -> str:
        body = PersonIn(
            id=values["id"].strip(), name=values["name"].strip(), roles=roles_in(values)
        )
        attempt = Attempt(
            action=Action.PERSON_CREATE, entity="people", permission=Permission.PEOPLE
        )
        await desk.write(
            attempt,
            lambda session, who: (
                service.create_person(session, who, body.id, body.name, body.roles).id
            ),
        )
        return f"{body.name} was added. Give them a one-time password to sign in with."

    ask(desk, Question(title="New person", confirm="Add", fields=fields, submit=submit))


async def ask_roles(desk: Desk, person: str, roles: tuple[str, ...]) -> None:
    """Replace somebody's roles."""
    deed = Deed(
        title=f"Roles: {person}",
        confirm="Keep roles",
        told=(
            "It holds from their next click on: pages that are open are drawn anew.",
            "Approvals they gave count only while they may approve.",
        ),
        fields=lambda: role_fields(roles),
        attempt=_attempt(Action.PERSON_EDIT, person),
        read=lambda values: RolesIn(roles=roles_in(values)),
        change=lambda session, who, body: service.change_roles(session, who, person, body.roles),
        done=f"{person} has other roles now.",
    )
    ask_deed(desk, deed)


async def ask_disable(desk: Desk, person: str) -> None:
    """Shut somebody out."""
    deed = Deed(
        title=f"Disable: {person}",
        confirm="Disable now",
        told=(
            "None of their keys works and no page of theirs acts, from now on.",
            "Approvals they gave do not count any more.",
            "The register goes on naming them.",
        ),
        attempt=_attempt(Action.PERSON_DISABLE, person),
        read=no_words,
        change=lambda session, who, _: access.disable_person(session, who, person),
        done=f"{person} is disabled.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


async def ask_enable(desk: Desk, person: str) -> None:
    """Let somebody in again."""
    deed = Deed(
        title=f"Let in again: {person}",
        confirm="Let in",
        told=("They have the roles they had. Keys and password they need anew.",),
        attempt=_attempt(Action.PERSON_ENABLE, person),
        read=no_words,
        change=lambda session, who, _: access.enable_person(session, who, person),
        done=f"{person} is let in again.",
    )
    ask_deed(desk, deed)


async def ask_password(desk: Desk, person: str) -> None:
    """A one-time password, to sign in with and choose one's own."""

    told = (
        f"Every session of {person} ends; their present password is good no more.",
        "With it they can only choose a password of their own.",
    )

    async def submit(_: Values) -> str:
        attempt = _attempt(Action.PASSWORD_RESET, person)
        fresh = await asyncio.to_thread(sign_in.new_one_time)
        password = await desk.write(
            attempt, lambda session, who: sign_in.reset_password(session, who, person, fresh)
        )
        words = f"Good for {person}, once, for a day."
        show_secret(desk, "One-time password", password.text, words)
        return f"{person} has a one-time password."

    question = Question(
        title=f"One-time password: {person}",
        confirm="Make one",
        told=told,
        submit=submit,
    )
    ask(desk, question)


def role_fields(roles: tuple[str, ...]) -> None:
    """A box for every role, with what it may do."""
    with html.fieldset().classes("steps"):
        html.legend("Roles")
        for role in PERSONS:
            check_field(
                f"role_{role.value}", role.value.replace("_", " "), checked=role.value in roles
            )
            may = ", ".join(sorted(p.value for p in ROLES[role]))
            html.p(may).classes("quiet under")


def roles_in(values: Values) -> list[str]:
    """What was ticked."""
    return [role.value for role in PERSONS if f"role_{role.value}" in values]


def _attempt(action: Action, person: str) -> Attempt:
    return Attempt(action=action, entity=f"person:{person}", permission=Permission.PEOPLE)
