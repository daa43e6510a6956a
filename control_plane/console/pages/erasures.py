"""Erasures: persons who asked to be forgotten, and how far each order is."""

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
from control_plane.console.elements.notice import notice
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.erasure import ask_erasure
from control_plane.db import ReadSession
from control_plane.decisions.erasure import erasure_view, list_erasures
from control_plane.principal import Permission, Principal

SHOWN = 200
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``failing``: why orders are not carried out now."""

    allowed: bool
    orders: tuple[Row, ...] = ()
    failing: str | None = None


def register() -> None:
    """Make the page known."""

    @ui.page("/erasures", title=title("Erasure"), response_timeout=BUILD_WITHIN_S)
    async def erasures(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Privacy", "Erasure"):
            desk.live(partial(load, desk), partial(draw, desk))
        await desk.look()


def load(desk: Desk, session: ReadSession, principal: Principal) -> View:
    """All orders, newest first."""
    if Permission.DECISIONS_ERASE not in principal.permissions:
        return View(allowed=False)
    rows = list_erasures(session)[:SHOWN]
    return View(True, tuple(map(erasure_view, rows)), desk.parts.upkeep.failing)


def draw(desk: Desk, view: View) -> None:
    """A line for each order."""
    if not view.allowed:
        not_yours(Permission.DECISIONS_ERASE)
        return
    text = (
        "Somebody asks to be forgotten (GDPR, article 17): what decisions keep about them goes, "
        "and every proof of what was decided still verifies."
    )
    with head("Erasure", text):
        button(
            "Erase a person…",
            partial(ask_erasure, desk),
            kind="stop",
            drawing="denied",
            key="erase",
        )
    if view.failing:
        notice(f"Orders are not carried out now: {view.failing}", "tone-red", "warning")
    with html.section(**{"aria-label": "Orders"}).classes("panel"):
        if view.orders:
            table("Orders, newest first", _COLUMNS, view.orders)
        else:
            empty(
                "Nobody was erased",
                "Shopify's customers/redact comes in by itself. An order by hand takes the "
                "browser id or the customer's number; of the person only a digest is kept.",
            )


def _state(row: Row) -> None:
    badge("done" if row["done_at"] else "under_way")


def _done(row: Row) -> str | None:
    if row["done_at"] is None:
        return "not yet"
    moment(row["done_at"])
    return None


def _why(row: Row) -> None:
    html.p(row["reason"])
    if row["ticket"]:
        html.p(row["ticket"]).classes("quiet")


def _who(row: Row) -> None:
    for digest in row["subject_digests"]:
        with html.p():
            html.code(f"{digest[:16]}…", title=digest)


def _erased(row: Row) -> str:
    return f"{row['decisions']:,}" if row["done_at"] else "–"


_COLUMNS: tuple[Column[Row], ...] = (
    Column("State", _state),
    Column("Why", _why),
    Column("Person, as a digest", _who),
    Column("Ordered by", lambda row: row["requested_by"]),
    Column("Ordered", lambda row: moment(row["requested_at"])),
    Column("Done", _done),
    Column("Decisions", _erased, "number"),
)
