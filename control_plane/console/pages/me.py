"""One's own sessions and keys, whoever one is."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import facts
from control_plane.console.elements.head import head
from control_plane.console.elements.panel import panel
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.key_table import key_rows, key_table
from control_plane.console.orders.key import ask_person_key
from control_plane.console.orders.session import ask_end_sessions
from control_plane.console.session_table import session_table
from control_plane.db import ReadSession
from control_plane.people import keys, sessions
from control_plane.people.service import get_person
from control_plane.principal import Principal


@dataclass(frozen=True)
class View:
    """All that this page shows. ``here``: the session the page is open in."""

    person: str
    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    sessions: tuple[dict[str, Any], ...]
    here: str | None
    keys: tuple[dict[str, Any], ...]


def register() -> None:
    """Make the page known."""

    @ui.page("/me", title=title("You"), response_timeout=BUILD_WITHIN_S)
    async def me(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "You"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Only what is one's own."""
    assert principal.person is not None  # a session is a person's
    person = get_person(session, principal.person)
    rows = reversed(sessions.live_sessions(session, person.id))
    return View(
        person=person.id,
        name=person.name,
        roles=tuple(person.roles),
        permissions=tuple(sorted(principal.permissions)),
        sessions=tuple(sessions.session_view(row) for row in rows),
        here=principal.actor.key_id,
        keys=key_rows(keys.keys_of(session, person.id)),
    )


def draw(desk: Desk, view: View) -> None:
    """Who one is here, then what acts in one's name."""
    with head(view.name, "What acts in your name: the browsers you signed in with, and your keys."):
        html.a("Change password", href=f"{ROOT}/password").classes("button")
    with panel("You"):
        facts(
            {
                "Known as": view.person,
                "Roles": ", ".join(role.replace("_", " ") for role in view.roles) or "none",
                "May": ", ".join(view.permissions),
            }
        )
    with html.section(**{"aria-label": "Sessions"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Signed in")
            with html.div().classes("push"):
                button(
                    "Sign out everywhere…",
                    partial(ask_end_sessions, desk, view.person),
                    kind="small stop",
                    key="everywhere",
                )
        session_table(desk, view.sessions, view.here)
    with html.section(**{"aria-label": "Keys"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Your keys")
            with html.div().classes("push"):
                button(
                    "New key…",
                    partial(ask_person_key, desk, view.person, view.permissions),
                    kind="small",
                    drawing="key",
                    key="new-key",
                )
        if view.keys:
            key_table(desk, view.keys, whose=False)
        else:
            empty(
                "No key yet",
                "A key lets a script or the signalbox command act in your name. Limit it to what "
                "it needs, and give it an end.",
                "signalbox releases list --json",
            )
