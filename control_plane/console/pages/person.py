"""One person: roles, sessions and keys, and all that may be done about them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import facts
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import spoken
from control_plane.console.elements.notice import notice
from control_plane.console.elements.panel import panel
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.key_table import key_rows, key_table
from control_plane.console.missing import missing, not_yours
from control_plane.console.orders import person as orders
from control_plane.console.orders.key import ask_person_key
from control_plane.console.orders.session import ask_end_sessions
from control_plane.console.session_table import session_table
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.people import identities, keys, service, sessions
from control_plane.principal import Permission, Principal, permissions_of


@dataclass(frozen=True)
class View:
    """All that this page shows. ``me``: it is about who looks; ``here``: their session."""

    person: dict[str, Any]
    permissions: tuple[str, ...]
    identities: tuple[str, ...]
    sessions: tuple[dict[str, Any], ...]
    keys: tuple[dict[str, Any], ...]
    me: bool
    here: str | None


def register() -> None:
    """Make the page known."""

    @ui.page("/people/{person}", title=title("Person"), response_timeout=BUILD_WITHIN_S)
    async def one(client: Client, person: str) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "People"):
            desk.live(partial(load, person), partial(draw, desk))
        await desk.look()


def load(person: str, session: ReadSession, principal: Principal) -> View | Permission | None:
    """The person; the permission that it takes, for who has not got it; None: no such person."""
    if Permission.PEOPLE not in principal.permissions:
        return Permission.PEOPLE
    try:
        row = service.get_person(session, person)
    except NotFoundError:
        return None
    found = identities.list_identities(session, person)
    return View(
        person=service.person_view(row),
        permissions=tuple(sorted(permissions_of(row.roles))),
        identities=tuple(f"{each.subject} at {each.issuer}" for each in found),
        sessions=tuple(
            map(sessions.session_view, reversed(sessions.live_sessions(session, person)))
        ),
        keys=key_rows(keys.keys_of(session, person)),
        me=principal.person == person,
        here=principal.actor.key_id,
    )


def draw(desk: Desk, view: View | Permission | None) -> None:
    """Who they are, then what acts in their name."""
    if isinstance(view, Permission):
        not_yours(view)
        return
    if view is None:
        missing("person")
        return
    person, name = view.person, view.person["id"]
    desk.name_page(title(person["name"]))
    with head(person["name"], f"Known as {name}.", ("People", f"{ROOT}/people")):
        _buttons(desk, view)
    if view.me:
        with notice("This is you. Your own roles are another admin's to change."):
            html.a("Your sessions and keys", href=f"{ROOT}/me")
    with panel("Access"):
        facts(
            {
                "State": lambda: badge("disabled" if person["disabled_at"] else "active"),
                "Roles": ", ".join(r.replace("_", " ") for r in person["roles"]) or "none",
                "May": ", ".join(view.permissions) if not person["disabled_at"] else "nothing",
                "Signs in by": ", ".join(view.identities) or "password",
                "Since": spoken(person["created_at"]),
            }
        )
    with html.section(**{"aria-label": "Sessions"}).classes("panel"):
        _titled(
            "Signed in",
            "Sign out everywhere…",
            partial(ask_end_sessions, desk, name),
            shown=bool(view.sessions),
            kind="small stop",
        )
        if view.sessions:
            session_table(desk, view.sessions, view.here)
        else:
            empty("Signed in nowhere", "An open session stands here with its browser and address.")
    with html.section(**{"aria-label": "Keys"}).classes("panel"):
        make = partial(ask_person_key, desk, name, view.permissions)
        _titled("Keys", "New key…", make, shown=not person["disabled_at"], kind="small")
        if view.keys:
            key_table(desk, view.keys, whose=False)
        else:
            empty("No key", "A key lets a script act in this person's name.")


def _titled(words: str, text: str, act: Callable[[], Any], *, shown: bool, kind: str) -> None:
    with html.div().classes("panel-head"):
        html.h2(words)
        if shown:
            with html.div().classes("push"):
                button(text, act, kind=kind, key=text)


def _buttons(desk: Desk, view: View) -> None:
    name = view.person["id"]
    if view.person["disabled_at"]:
        button("Let in again…", partial(orders.ask_enable, desk, name), key="enable")
        return
    if view.me:
        return
    roles = tuple(view.person["roles"])
    button("Roles…", partial(orders.ask_roles, desk, name, roles), key="roles")
    button("One-time password…", partial(orders.ask_password, desk, name), key="password")
    button("Disable…", partial(orders.ask_disable, desk, name), kind="stop", key="disable")
