"""Reviews of kills: what waits for an answer, and what was answered."""

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
from control_plane.console.orders.review import OUTCOMES, ask_review
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.releases import reviews

SHOWN = 100
WORDS = dict(OUTCOMES)
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    open: tuple[Row, ...]
    closed: tuple[Row, ...]


def register() -> None:
    """Make the page known."""

    @ui.page("/reviews", title=title("Kill reviews"), response_timeout=BUILD_WITHIN_S)
    async def kill_reviews(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Kill reviews"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Open ones by when they are due, answered ones newest first."""
    may = Permission.KILLS_REVIEW in principal.permissions
    rows = [reviews.review_view(session, row) for row in reviews.list_reviews(session)]
    for row in rows:
        row["mine"] = may and principal.person in row["answerable_by"]
    closed = sorted((r for r in rows if r["closed_at"]), key=lambda row: str(row["closed_at"]))
    return View(
        open=tuple(row for row in rows if not row["closed_at"]),
        closed=tuple(reversed(closed))[:SHOWN],
    )


def draw(desk: Desk, view: View) -> None:
    """What waits on top."""
    text = (
        "A kill takes one person and no approval, because it cannot wait. So somebody who did "
        "not set it looks at it afterwards, within two days."
    )
    with head("Kill reviews", text):
        pass
    with html.section(**{"aria-label": "Waiting"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Waiting")
        if view.open:
            table("Waiting, by when they are due", _open_columns(desk), view.open)
        else:
            empty("No kill waits for a review", "Each kill opens one; who killed cannot answer it.")
    if view.closed:
        with html.section(**{"aria-label": "Answered"}).classes("panel"):
            with html.div().classes("panel-head"):
                html.h2("Answered")
            table("Answered, newest first", _closed_columns(), view.closed)


def _open_columns(desk: Desk) -> tuple[Column[Row], ...]:
    def acts(row: Row) -> None:
        if not row["mine"]:
            return
        with html.div().classes("actions end"):
            button(
                "Review…",
                partial(ask_review, desk, row),
                kind="small primary",
                key=f"review-{row['id']}",
                label=f"Review the kill of {row['model']}",
            )

    return (
        Column("State", lambda row: badge("overdue" if row["overdue"] else "open")),
        *_what(),
        Column("Due", lambda row: moment(row["due_at"])),
        Column("May answer", lambda row: ", ".join(row["answerable_by"]) or "nobody"),
        Column("", acts),
    )


def _closed_columns() -> tuple[Column[Row], ...]:
    return (
        Column("Found", lambda row: WORDS.get(row["outcome"], row["outcome"])),
        *_what(),
        Column("Notes", lambda row: row["notes"]),
        Column("By", lambda row: row["closed_by"]),
        Column("When", lambda row: moment(row["closed_at"])),
    )


def _what() -> tuple[Column[Row], ...]:
    return (
        Column("Model", _model),
        Column("Killed to", lambda row: row["version"].partition(":")[2]),
        Column("By", lambda row: row["on_behalf_of"] or row["killed_by"]),
        Column("Why", lambda row: row["reason"]),
    )


def _model(row: Row) -> None:
    html.a(row["model"], href=f"{ROOT}/models/{row['model']}")
