"""New persons, other roles, shutting somebody out."""

import asyncio

from nicegui import html

from bentos.contract.register import Action
from control_plane.console.desk import Desk
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

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("It holds from their next click on: pages that are open are drawn anew.")
            html.li("Approvals they gave count only while they may approve.")

    async def submit(values: Values) -> str:
        body = RolesIn(roles=roles_in(values))
        attempt = Attempt(
            action=Action.PERSON_EDIT, entity=f"person:{person}", permission=Permission.PEOPLE
        )
        await desk.write(
            attempt, lambda session, who: service.change_roles(session, who, person, body.roles).id
        )
        return f"{person} has other roles now."

    question = Question(
        title=f"Roles: {person}",
        confirm="Keep roles",
        explain=explain,
        fields=lambda: role_fields(roles),
        submit=submit,
    )
    ask(desk, question)


async def ask_disable(desk: Desk, person: str) -> None:
    """Shut somebody out."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("None of their keys works and no page of theirs acts, from now on.")
            html.li("Approvals they gave do not count any more.")
            html.li("The register goes on naming them.")

    async def submit(_: Values) -> str:
        attempt = Attempt(
            action=Action.PERSON_DISABLE, entity=f"person:{person}", permission=Permission.PEOPLE
        )
        await desk.write(
            attempt, lambda session, who: access.disable_person(session, who, person).id
        )
        return f"{person} is disabled."

    question = Question(
        title=f"Disable: {person}",
        confirm="Disable now",
        explain=explain,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def ask_enable(desk: Desk, person: str) -> None:
    """Let somebody in again."""

    def explain() -> None:
        with html.ul().classes("consequence"):
            html.li("They have the roles they had. Keys and password they need anew.")

    async def submit(_: Values) -> str:
        attempt = Attempt(
            action=Action.PERSON_ENABLE, entity=f"person:{person}", permission=Permission.PEOPLE
        )
        await desk.write(
            attempt, lambda session, who: access.enable_person(session, who, person).id
        )
        return f"{person} is let in again."

    question = Question(
        title=f"Let in again: {person}", confirm="Let in", explain=explain, submit=submit
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
        words = f"Good for {person}, once, for a day."
        show_secret(desk, "One-time password", password.text, words)
        return f"{person} has a one-time password."

    question = Question(
        title=f"One-time password: {person}",
        confirm="Make one",
        explain=explain,
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
