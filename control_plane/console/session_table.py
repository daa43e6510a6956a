"""Browsers somebody is signed in with."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from nicegui import html

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.orders.session import ask_end_session

Row = dict[str, Any]
# What a user agent says, and what people call it; whoever else is named comes before it.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def session_table(desk: Desk, rows: Sequence[Row], mine: str | None) -> None:
    """Draw them; ``mine``: the session this very page is open in."""

    def acts(row: Row) -> None:
        with html.div().classes("actions end"):
            if row["id"] == mine:
                badge("here")
                return
            button(
                "End…",
                partial(ask_end_session, desk, row["person"], row["id"]),
                kind="small stop",
                key=f"{row['id']}-end",
                label=f"End session {row['id']}",
            )

    columns: tuple[Column[Row], ...] = (
        Column("Browser", lambda row: browser_of(row["user_agent"])),
        Column("From", lambda row: row["ip"] or "unknown"),
        Column("Signed in", lambda row: moment(row["created_at"])),
        Column("By", lambda row: row["auth_method"]),
        Column("At the latest until", lambda row: moment(row["expires_at"])),
        Column("", acts),
    )
    table("Sessions, newest first", columns, rows)


def browser_of(user_agent: str | None) -> str:
    """A browser's own words, shortened to what people call it."""
    told = user_agent or ""
    name = next((words for mark, words in BROWSERS if mark in told), "")
    system = next((words for mark, words in SYSTEMS if mark in told), "")
    if not name:
        return told[:40] or "unknown"
    return f"{name} on {system}" if system else name
