"""Groups: releases of several models that move in one published change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.orders.group import ask_group
from control_plane.db import ReadSession
from control_plane.principal import Principal
from control_plane.releases import groups, queries
from control_plane.releases.binding import members_of
from control_plane.releases.group_options import joinable, may_form
from control_plane.releases.groups import MIN_MEMBERS
from control_plane.releases.models import ReleaseRow

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``joinable``: releases that could be bound."""

    groups: tuple[Row, ...]
    joinable: tuple[Row, ...]
    may_form: bool


def register() -> None:
    """Make the page known."""

    @ui.page("/groups", title=title("Groups"), response_timeout=BUILD_WITHIN_S)
    async def every_group(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Groups"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Everything from one snapshot."""
    found = (
        group.model_dump() | {"releases": shown(members_of(session, group.id))}
        for group in groups.list_groups(session)
    )
    open_ones = list(queries.open_releases(session).values())
    return View(tuple(found), tuple(shown(joinable(open_ones))), may_form(principal))


def shown(rows: Sequence[ReleaseRow]) -> list[Row]:
    """As much of releases as a choice among them takes."""
    names = ("id", "model", "candidate", "state", "reason")
    return [{name: getattr(row, name) for name in names} for row in rows]


def draw(desk: Desk, view: View) -> None:
    """A line for each group."""
    text = (
        "Releases of several models that only make sense together. They are approved together and "
        "go forward together, in one published change; each goes back by itself."
    )
    can = view.may_form and len(view.joinable) >= MIN_MEMBERS
    with head("Groups", text):
        if can:
            button(
                "New group…",
                partial(ask_group, desk, view.joinable),
                kind="primary",
                drawing="plus",
                key="new-group",
            )
    with html.section(**{"aria-label": "Groups"}).classes("panel"):
        if view.groups:
            table("Groups, newest first", _COLUMNS, view.groups)
        else:
            empty(
                "No group yet",
                "A fraud model whose score the price depends on: neither should go alone. Draft "
                "a release of each, then bind them here"
                + (" with New group." if can else "; it takes two that have not started."),
            )


def _title(row: Row) -> None:
    html.a(row["reason"], href=f"{ROOT}/groups/{row['id']}").classes("strong")
    if row["ticket"]:
        html.p(row["ticket"]).classes("quiet")


def _members(row: Row) -> None:
    with html.ul().classes("members"):
        for each in row["releases"]:
            with html.li():
                badge(each["state"])
                html.span(each["model"])


_COLUMNS: tuple[Column[Row], ...] = (
    Column("Group", _title),
    Column("Releases", _members),
    Column("Author", lambda row: row["author"]),
    Column("Last change", lambda row: moment(row["updated_at"])),
)
