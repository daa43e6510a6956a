"""Freezes: when nothing goes forward, for which models, and who may end it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.orders.freeze import ask_cancel, ask_end, ask_exempt, ask_freeze
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_models
from control_plane.releases.freeze_options import freeze_options
from control_plane.releases.freezes import exemptions, freeze_view, list_freezes
from control_plane.releases.models import FreezeRow

SHOWN = 100
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    standing: tuple[Row, ...]
    past: tuple[Row, ...]
    models: tuple[str, ...]
    may_make: bool


def register() -> None:
    """Make the page known."""

    @ui.page("/freezes", title=title("Freezes"), response_timeout=BUILD_WITHIN_S)
    async def freezes(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Freezes"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Everything from one snapshot."""
    rows = [_row(session, principal, row) for row in list_freezes(session, past=True)]
    return View(
        standing=tuple(row for row in rows if row["standing"] != "over"),
        past=tuple(row for row in reversed(rows) if row["standing"] == "over")[:SHOWN],
        models=tuple(row.name for row in list_models(session)),
        may_make=Permission.FREEZES in principal.permissions,
    )


def _row(session: ReadSession, principal: Principal, row: FreezeRow) -> Row:
    now, found = clock.now(), freeze_options(session, principal, row)
    over = row.ended_at is not None or row.ends_at <= now
    return freeze_view(row) | {
        "standing": "over" if over else "in_force" if row.starts_at <= now else "to_come",
        "exemptions": [each.model_dump() for each in exemptions(session, row.id)],
        "cancel": found.cancel,
        "end": found.end and not found.cancel,
        "exempts": [
            {"id": r.id, "revision": r.revision, "model": r.model, "reason": r.reason}
            for r in found.exempts
        ],
    }


def draw(desk: Desk, view: View) -> None:
    """Those that count on top, those that are over below."""
    text = (
        "Times in which no release goes forward, e.g. around Black Friday. Going back is never "
        "frozen: pausing, lowering, rolling back and killing work as always."
    )
    with head("Freezes", text):
        if view.may_make:
            button(
                "New freeze…",
                partial(ask_freeze, desk, view.models),
                kind="primary",
                drawing="plus",
                key="new-freeze",
            )
    with html.section(**{"aria-label": "In force and to come"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("In force and to come")
        if view.standing:
            table("In force and to come", _columns(desk), view.standing)
        else:
            empty(
                "Nothing is frozen",
                "Set a freeze before the days on which nobody wants a surprise. It holds for "
                "every release, also for those that were approved or scheduled before.",
            )
    if view.past:
        with html.section(**{"aria-label": "Over"}).classes("panel"):
            with html.div().classes("panel-head"):
                html.h2("Over")
            table("Over, newest first", _columns(desk)[:-1], view.past)


def _columns(desk: Desk) -> Sequence[Column[Row]]:
    return (
        Column("State", lambda row: badge(row["standing"])),
        Column("Why", _why),
        Column("Models", lambda row: ", ".join(row["models"] or ()) or "every model"),
        Column("From", lambda row: moment(row["starts_at"])),
        Column("Until", _until),
        Column("Made by", lambda row: row["created_by"]),
        Column("", partial(_acts, desk)),
    )


def _why(row: Row) -> None:
    html.p(row["reason"]).classes("strong")
    if row["ticket"]:
        html.p(row["ticket"]).classes("quiet")
    for each in row["exemptions"]:
        with html.p().classes("quiet"):
            html.a("A release", href=f"{ROOT}/releases/{each['release']}")
            html.span(f" was exempted by {each['person']}: {each['reason']}")


def _until(row: Row) -> None:
    moment(row["ended_at"] or row["ends_at"])
    if row["ended_by"]:
        html.p(f"ended by {row['ended_by']}").classes("quiet")


def _acts(desk: Desk, row: Row) -> None:
    name = row["id"]
    with html.div().classes("actions end"):
        if row["exempts"]:
            button(
                "Exempt…",
                partial(ask_exempt, desk, row, row["exempts"]),
                kind="small",
                key=f"{name}-exempt",
                label=f"Exempt a release from: {row['reason']}",
            )
        if row["cancel"]:
            button(
                "Call off…",
                partial(ask_cancel, desk, row),
                kind="small stop",
                key=f"{name}-cancel",
                label=f"Call off: {row['reason']}",
            )
        if row["end"]:
            button(
                "End…",
                partial(ask_end, desk, row),
                kind="small stop",
                key=f"{name}-end",
                label=f"End: {row['reason']}",
            )
