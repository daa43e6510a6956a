"""Declared attributes: what callers may send, of which type, and which releases target by it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.orders.attribute import ask_declare
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_attributes
from control_plane.releases.condition import attributes_of
from control_plane.releases.queries import open_releases

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``may_declare``: this person may add to it."""

    may_declare: bool
    rows: tuple[Row, ...]


def register() -> None:
    """Make the page known."""

    @ui.page("/attributes", title=title("Attributes"), response_timeout=BUILD_WITHIN_S)
    async def attributes(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Models", "Attributes"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Each attribute with the open releases that target by it."""
    targeting = [
        (model, release.id, attributes_of(release.condition))
        for model, release in sorted(open_releases(session).items())
        if release.condition
    ]
    rows = (
        row.model_dump() | {"releases": tuple(t[:2] for t in targeting if row.name in t[2])}
        for row in list_attributes(session)
    )
    return View(Permission.ATTRIBUTES_DECLARE in principal.permissions, tuple(rows))


def draw(desk: Desk, view: View) -> None:
    """A line for each."""
    text = (
        "What a caller may say of a visitor beside the targeting key, and what a release may "
        "target by. Whatever is not declared, or is of another type, is refused."
    )
    with head("Attributes", text):
        if view.may_declare:
            button(
                "Declare an attribute…",
                partial(ask_declare, desk),
                kind="primary",
                drawing="plus",
                key="declare",
            )
    with html.section(**{"aria-label": "Attributes"}).classes("panel"):
        if view.rows:
            table("Attributes, by name", COLUMNS, view.rows)
        else:
            empty(
                "Nothing is declared yet",
                "Until then callers send a targeting key alone, and a release is for everybody "
                "or for a share.",
                "signalbox attributes declare country=string new_customer=boolean",
            )


def _name(row: Row) -> None:
    html.code(row["name"])


def _targeted(row: Row) -> str | None:
    if not row["releases"]:
        return "no open release"
    with html.span().classes("actions"):
        for model, release in row["releases"]:
            html.a(model, href=f"{ROOT}/releases/{release}")
    return None


COLUMNS: tuple[Column[Row], ...] = (
    Column("Name", _name),
    Column("Type", lambda row: row["type"]),
    Column("Targeted by", _targeted),
    Column("Declared", lambda row: moment(row["declared_at"])),
)
