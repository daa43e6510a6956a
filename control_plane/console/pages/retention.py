"""Retention: how long each part of the decisions is kept, and what is due to go."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import facts
from control_plane.console.elements.head import head
from control_plane.console.elements.notice import notice
from control_plane.console.elements.panel import panel
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.erasure import ask_expire
from control_plane.console.seat import Attempt
from control_plane.decisions.retention import due
from control_plane.errors import ForbiddenError
from control_plane.parts import Parts
from control_plane.principal import Permission, Principal

READ = Attempt(
    action=Action.DECISION_EXPIRE, entity="decisions", permission=Permission.DECISIONS_EXPIRE
)
WORDS = {
    "public": "Public part: route, version, reason, times",
    "personal": "Personal part: inputs, outputs, pseudonym",
    "shadow": "Answers of shadows",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``days``: part → days, None for ever."""

    days: dict[str, int | None]
    notes: tuple[str, ...]
    due: list[Row]


def register() -> None:
    """Make the page known."""

    @ui.page("/retention", title=title("Retention"), response_timeout=BUILD_WITHIN_S)
    async def retention(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Privacy", "Retention"):
            try:
                view = await desk.seat.call(READ, partial(load, desk.parts))
            except ForbiddenError:
                not_yours(Permission.DECISIONS_EXPIRE)
            else:
                draw(desk, view)
        await desk.look()


def load(parts: Parts, _: Principal) -> View:
    """By the settings and the files that are there: a dry run."""
    kept, today = parts.settings.retention, datetime.now(UTC).date()
    found = due(parts.decisions.lake, kept, today)
    days = {name: getattr(kept, name) for name in WORDS}
    return View(days, tuple(kept.notes()), [each.as_json() for each in found])


def draw(desk: Desk, view: View) -> None:
    """The settings, then what is due."""
    text = (
        "Whole days of decisions go when their time is over: told in the register first, never "
        "silently. The register itself never expires."
    )
    with head("Retention", text):
        if view.due:
            button(
                "Delete what is due…",
                partial(ask_expire, desk, view.due),
                kind="stop",
                key="expire",
            )
    for each in view.notes:
        notice(each, "tone-orange", "warning")
    with panel("How long"):
        facts({words: _days(view.days[name]) for name, words in WORDS.items()})
        html.p("Set by SIGNALBOX_RETENTION_…_DAYS, in the environment.").classes("quiet")
    with html.section(**{"aria-label": "Due now"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Due now")
        if view.due:
            table("Due now", _COLUMNS, view.due)
        else:
            empty("Nothing is due", "What becomes due goes within the hour, by itself.")


def _days(days: int | None) -> str:
    return "for ever" if days is None else f"{days:,} days"


_COLUMNS: tuple[Column[Row], ...] = (
    Column("Day", lambda row: row["day"]),
    Column("Part", lambda row: WORDS.get(row["part"], row["part"])),
    Column("Files", lambda row: f"{row['files']:,}", "number"),
    Column("Rows", lambda row: f"{row['rows']:,}", "number"),
    Column("Size", lambda row: f"{row['size'] / 2**20:,.1f} MiB", "number"),
)
