"""Persons, their roles, and the keys of persons and services."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.key_orders import (
    ask_password,
    ask_person_key,
    ask_revoke,
    ask_service_key,
)
from control_plane.console.missing import not_yours
from control_plane.console.person_orders import ask_disable, ask_person, ask_roles
from control_plane.db import ReadSession
from control_plane.people import keys, service
from control_plane.principal import Permission, Principal

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``me``: who looks."""

    allowed: bool
    me: str | None = None
    people: tuple[Row, ...] = ()
    keys: tuple[Row, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/people", title=title("People"), response_timeout=BUILD_WITHIN_S)
    async def people(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "People"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Everyone and every key."""
    if Permission.PEOPLE not in principal.permissions:
        return View(allowed=False)
    every_key = (
        keys.key_view(row) | {"last_used_at": row.last_used_at}
        for row in reversed(keys.list_keys(session))
    )
    people = (service.person_view(row) for row in service.list_people(session))
    return View(True, principal.person, tuple(people), tuple(every_key))


def draw(desk: Desk, view: View) -> None:
    """Persons on top, keys below."""
    if not view.allowed:
        not_yours(Permission.PEOPLE)
        return
    with html.div().classes("page-head"):
        with html.div():
            html.h1("People")
            html.p(
                "Who may do what, and the keys that act for them. Nobody changes their own roles; "
                "of a key only a digest is kept."
            )
        with html.div().classes("actions"):
            button(
                "New person…",
                partial(ask_person, desk),
                kind="primary",
                drawing="plus",
                key="new-person",
            )
    with html.section(**{"aria-label": "Persons"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Persons")
        table("Persons", _person_columns(desk, view), view.people)
    with html.section(**{"aria-label": "Keys"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Keys")
            with html.div().classes("push"):
                button(
                    "New key for a service…",
                    partial(ask_service_key, desk),
                    kind="small",
                    drawing="key",
                    key="new-service-key",
                )
        table("Keys, newest first", _key_columns(desk), view.keys)


def _person_columns(desk: Desk, view: View) -> tuple[Column[Row], ...]:
    def acts(person: Row) -> None:
        with html.div().classes("actions end"):
            name = person["id"]
            if person["disabled_at"]:
                return
            button(
                "Key…",
                partial(ask_person_key, desk, name),
                kind="small",
                drawing="key",
                key=f"{name}-key",
                label=f"Key for {name}",
            )
            if name == view.me:
                return
            button(
                "Password…",
                partial(ask_password, desk, name),
                kind="small",
                key=f"{name}-password",
                label=f"Password for {name}",
            )
            button(
                "Roles…",
                partial(ask_roles, desk, name, tuple(person["roles"])),
                kind="small",
                key=f"{name}-roles",
                label=f"Roles of {name}",
            )
            button(
                "Disable…",
                partial(ask_disable, desk, name),
                kind="small stop",
                key=f"{name}-disable",
                label=f"Disable {name}",
            )

    return (
        Column("Person", lambda person: person["name"], "strong"),
        Column("Id", lambda person: person["id"]),
        Column("Roles", lambda person: ", ".join(r.replace("_", " ") for r in person["roles"])),
        Column("State", lambda person: badge("disabled" if person["disabled_at"] else "active")),
        Column("Since", lambda person: moment(person["created_at"])),
        Column("", acts),
    )


def _key_columns(desk: Desk) -> tuple[Column[Row], ...]:
    def last_used(key: Row) -> str | None:
        if key["last_used_at"] is None:
            return "never"
        moment(key["last_used_at"])
        return None

    def expires(key: Row) -> str | None:
        if key["expires_at"] is None:
            return "never"
        moment(key["expires_at"])
        return None

    def acts(key: Row) -> None:
        if _state(key) == "active":
            with html.div().classes("actions end"):
                button(
                    "Revoke…",
                    partial(ask_revoke, desk, key["id"]),
                    kind="small stop",
                    key=f"{key['id']}-revoke",
                    label=f"Revoke key {key['id']}",
                )

    return (
        Column("Key", _key),
        Column("Acts for", lambda key: key["person"] or f"service {key['service']}"),
        Column("State", lambda key: badge(_state(key))),
        Column("Last used", last_used),
        Column("Expires", expires),
        Column("Made", lambda key: moment(key["created_at"])),
        Column("", acts),
    )


def _key(key: Row) -> None:
    html.code(f"sbx_{key['id']}_…")


def _state(key: Row) -> str:
    if key["revoked_at"]:
        return "revoked"
    return "expired" if key["expires_at"] and key["expires_at"] <= clock.now() else "active"
