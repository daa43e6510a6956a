"""Law requests: who waits to be forgotten or told, how many days are left, what is missing."""

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
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.redaction import ask_close
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.redactions import trained
from control_plane.redactions.service import Topic, list_requests, view

SHOWN = 200
Row = dict[str, Any]
ASKED = {
    Topic.DATA_REQUEST: "What is held of a customer",
    Topic.CUSTOMER: "A customer is to be forgotten",
    Topic.SHOP: "A whole shop is to be erased",
}
PARTS = {
    "ingress": "ingress",
    "decisions": "decisions",
    "control_plane": "control plane",
    "training": "training",
    "export": "its export",
    "merchant": "the merchant",
}


@dataclass(frozen=True)
class View:
    """All that this page shows. ``may_close``: this person may end one by hand."""

    allowed: bool
    may_close: bool = False
    rows: tuple[Row, ...] = ()
    problems: tuple[str, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/redactions", title=title("Law requests"), response_timeout=BUILD_WITHIN_S)
    async def redactions(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Privacy", "Law requests"):
            desk.live(partial(load, desk), partial(draw, desk))
        await desk.look()


def load(desk: Desk, session: ReadSession, principal: Principal) -> View:
    """Open ones first, the most urgent on top; then what is done, newest first."""
    if Permission.REDACTIONS_READ not in principal.permissions:
        return View(allowed=False)
    found = list_requests(session)
    waiting = sorted((row for row in found if row.closed_at is None), key=lambda row: row.due_at)
    done = [row for row in found if row.closed_at is not None]
    rows = tuple(
        view(row) | {"trained": trained.states_of(session, row)}
        for row in [*waiting, *done][:SHOWN]
    )
    may_close = Permission.REDACTIONS_WRITE in principal.permissions
    return View(True, may_close, rows, tuple(desk.parts.redactions.problems))


def draw(desk: Desk, shown: View) -> None:
    """A line for each request."""
    if not shown.allowed:
        not_yours(Permission.REDACTIONS_READ)
        return
    text = (
        "What Shopify passes on of its customers' rights: done within thirty days, by every part "
        "that holds something of them, and told in the register."
    )
    with head("Law requests", text):
        pass
    for problem in shown.problems:
        notice(f"A request cannot be carried on: {problem}", "tone-red", "warning")
    late = [row for row in shown.rows if row["urgency"] == "overdue"]
    if late:
        count = "A request is" if len(late) == 1 else f"{len(late)} requests are"
        notice(f"{count} overdue: see what it waits for.", "tone-red", "warning")
    with html.section(**{"aria-label": "Requests"}).classes("panel"):
        if shown.rows:
            table("Requests, the most urgent first", _columns(desk, shown), shown.rows)
        else:
            empty(
                "Nobody has asked",
                "Shopify's customers/data_request, customers/redact and shop/redact come in by "
                "themselves; one that came by letter is entered with signalbox redactions open.",
            )


def _columns(desk: Desk, shown: View) -> tuple[Column[Row], ...]:
    columns: tuple[Column[Row], ...] = (
        Column("Time", _time),
        Column("Asked", _asked),
        Column("Waits for", _waits),
        Column("Due", lambda row: moment(row["due_at"])),
        Column("Rows erased", _erased, "number"),
        Column("Models trained on them", _trained),
    )
    if not shown.may_close:
        return columns
    return (*columns, Column("Action", partial(_action, desk)))


def _time(row: Row) -> None:
    badge(row["urgency"])
    if row["days_left"] is not None:
        left = row["days_left"]
        days = f"{abs(left):.0f} days"
        html.p(f"{days} left" if left >= 0 else f"{days} late").classes("quiet")


def _asked(row: Row) -> None:
    html.p(ASKED[Topic(row["topic"])])
    html.p(f"{row['domain'] or row['shop']}, {row['id'][:13]}…").classes("quiet")


def _waits(row: Row) -> str | None:
    if row["closed_at"] is not None:
        return "–"
    waits = ", ".join(PARTS[each] for each in row["waits_for"])
    if row["hindrance"] is None:
        return waits
    html.p(waits)
    html.p(row["hindrance"]).classes("quiet")
    return None


def _erased(row: Row) -> str:
    rows = [sum(place["removed"].values()) for place in row["places"].values()]
    return f"{sum(rows):,}" if rows else "–"


def _trained(row: Row) -> str | None:
    if not row["trained"]:
        return "–"
    for each in row["trained"]:
        with html.p():
            if each["state"] is None:
                html.code(each["version"])
            else:
                html.a(each["version"], href=f"{ROOT}/versions/{each['version']}")
            if each["serving"]:
                html.span(" still serves").classes("quiet")
    return None


def _action(desk: Desk, row: Row) -> str | None:
    is_taken = row["exported_at"] is not None or row["topic"] != Topic.DATA_REQUEST
    if row["closed_at"] is not None:
        return ""
    if not is_taken:
        html.code(f"signalbox redactions export {row['id']}")
        return None
    label = f"Close the request {row['id']}"
    key = f"close-{row['id']}"
    button("Close…", partial(ask_close, desk, row), kind="small", key=key, label=label)
    return None
