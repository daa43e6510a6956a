"""Keys of persons and services, with what may be done with each."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import html

from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.orders.key import ask_revoke, ask_rotate
from control_plane.people import keys
from control_plane.people.models import KeyRow

Row = dict[str, Any]


def key_rows(rows: Sequence[KeyRow]) -> tuple[Row, ...]:
    """As they are shown, newest first."""
    return tuple(
        keys.key_view(row) | {"last_used_at": row.last_used_at, "live": keys.is_live(row)}
        for row in reversed(rows)
    )


def key_table(desk: Desk, rows: Sequence[Row], *, whose: bool) -> None:
    """Draw them; ``whose``: they are several people's."""
    columns: list[Column[Row]] = [
        Column("Key", _key),
        Column("Acts for", lambda key: key["person"] or f"service {key['service']}"),
        Column("May do", _scopes),
        Column("State", lambda key: badge(_state(key))),
        Column("Last used", lambda key: _moment(key["last_used_at"])),
        Column("Ends", lambda key: _moment(key["expires_at"])),
        Column("Made", _made),
        Column("", partial(_acts, desk)),
    ]
    table("Keys, newest first", [c for c in columns if whose or c.name != "Acts for"], rows)


def _key(key: Row) -> None:
    html.code(key["prefix"])
    if key["name"]:
        html.p(key["name"]).classes("quiet")


def _scopes(key: Row) -> str:
    return ", ".join(key["scopes"]) if key["scopes"] else "all that its holder may"


def _moment(text: str | None) -> str | None:
    if text is None:
        return "never"
    moment(text)
    return None


def _made(key: Row) -> None:
    moment(key["created_at"])
    if key["person"] is not None and key["created_by"] != key["person"]:
        html.p(f"by {key['created_by']}").classes("quiet")


def _state(key: Row) -> str:
    if key["revoked_at"]:
        return "revoked"
    if key["expires_at"] and key["expires_at"] <= clock.now():
        return "expired"
    return "replaced" if key["replaced_by"] else "active"


def _acts(desk: Desk, key: Row) -> None:
    if not key["live"]:
        return
    name = key["id"]
    with html.div().classes("actions end"):
        if not key["replaced_by"]:
            button(
                "Rotate…",
                partial(ask_rotate, desk, name),
                kind="small",
                key=f"{name}-rotate",
                label=f"Rotate key {name}",
            )
        button(
            "Revoke…",
            partial(ask_revoke, desk, name),
            kind="small stop",
            key=f"{name}-revoke",
            label=f"Revoke key {name}",
        )
