"""Persons and their roles."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.person import ask_person
from control_plane.db import ReadSession
from control_plane.people import keys, service, sessions
from control_plane.principal import Permission, Principal

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    allowed: bool
    people: tuple[Row, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/people", title=title("People"), response_timeout=BUILD_WITHIN_S)
    async def people(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "People"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Everyone."""
    if Permission.PEOPLE not in principal.permissions:
        return View(allowed=False)
    live = [row.person for row in keys.list_keys(session) if keys.is_live(row)]
    people = (
        service.person_view(row)
        | {"keys": live.count(row.id), "sessions": len(sessions.live_sessions(session, row.id))}
        for row in service.list_people(session)
    )
    return View(True, tuple(people))


def draw(desk: Desk, view: View) -> None:
    """A line for each; what may be done is on their page."""
    if not view.allowed:
        not_yours(Permission.PEOPLE)
        return
    text = (
        "Who may do what. Nobody changes their own roles; who is disabled acts no more, and the "
        "register goes on naming them."
    )
    with head("People", text):
        button(
            "New person…",
            partial(ask_person, desk),
            kind="primary",
            drawing="plus",
            key="new-person",
        )
    with html.section(**{"aria-label": "Persons"}).classes("panel"):
        columns: tuple[Column[Row], ...] = (
            Column("Person", _person),
            Column("Roles", lambda row: ", ".join(r.replace("_", " ") for r in row["roles"])),
            Column("State", lambda row: badge("disabled" if row["disabled_at"] else "active")),
            Column("Signed in", lambda row: _count(row["sessions"], "browser"), "number"),
            Column("Good keys", lambda row: str(row["keys"]), "number"),
            Column("Since", lambda row: moment(row["created_at"])),
        )
        table("Persons", columns, view.people)


def _person(row: Row) -> None:
    html.a(row["name"], href=f"{ROOT}/people/{row['id']}").classes("strong")
    html.p(row["id"]).classes("quiet")


def _count(number: int, of: str) -> str:
    return "no" if not number else f"{number} {of}{'s' if number > 1 else ''}"
