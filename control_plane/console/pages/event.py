"""One event of the register, whole."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.audit.event_row import StoredEvent
from control_plane.audit.search import get_event
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.facts import facts
from control_plane.console.elements.moment import spoken
from control_plane.console.elements.panel import panel
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing, not_yours
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.principal import Permission, Principal


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    allowed: bool
    event: StoredEvent | None


def register() -> None:
    """Make the page known."""

    @ui.page("/audit/{seq}", title=title("Event"), response_timeout=BUILD_WITHIN_S)
    async def event(client: Client, seq: str) -> None:
        desk = Desk(client)
        with frame(desk, "Audit", "Register"):
            desk.live(partial(load, seq), lambda view: draw(desk, view))
        await desk.look()


def load(seq: str, session: ReadSession, principal: Principal) -> View:
    """The event, if there is one and this person may see it."""
    if Permission.REGISTER_READ not in principal.permissions:
        return View(allowed=False, event=None)
    try:
        return View(allowed=True, event=get_event(session, int(seq)))
    except (NotFoundError, ValueError):
        return View(allowed=True, event=None)


def draw(desk: Desk, view: View) -> None:
    """All of its members."""
    if not view.allowed:
        not_yours(Permission.REGISTER_READ)
        return
    if view.event is None or view.event.members is None:
        missing("event")
        return
    event = view.event.members
    desk.name_page(title(f"Event {view.event.seq}"))
    with html.div().classes("page-head"), html.div():
        with html.p().classes("crumb"):
            html.a("Audit", href=f"{ROOT}/audit")
        with html.div().classes("actions"):
            html.h1(f"Event {view.event.seq}: {event['action']}")
            badge(event["outcome"])
    with html.div().classes("columns"):
        with html.div().classes("stack"):
            with panel("What changed"):
                _changes(event)
            with html.details().classes("panel panel-body"):
                html.summary("The event as it is hashed")
                html.pre(json.dumps(event, indent=1, ensure_ascii=False)).classes("raw")
        with html.div().classes("stack"):
            with panel("Who, why, from where"):
                _facts(event)
            with panel("In the tree"):
                leaf, root = view.event.leaf or "", view.event.root or ""
                facts({"Leaf": lambda: html.code(leaf), "Root after": lambda: html.code(root)})
                seq = view.event.seq
                html.p("The event, its path in the tree and a signed root: it verifies offline.")
                html.a(
                    "Download its proof",
                    href=f"/api/v1/register/proofs/{seq}",
                    download=f"event-{seq}.tlog-proof",
                ).classes("button")


def _changes(event: dict[str, Any]) -> None:
    if not event["diff"]:
        html.p(
            "Nothing: it was asked for and not done."
            if event["outcome"] == "denied"
            else "Nothing."
        )
        return
    table(
        "What changed",
        (
            Column[tuple[str, Any]]("Member", lambda pair: pair[0]),
            Column("Before", lambda pair: _side(pair[1], 0)),
            Column("After", lambda pair: _side(pair[1], 1)),
        ),
        list(event["diff"].items()),
    )


def _side(value: Any, index: int) -> str:
    if not isinstance(value, list) or len(value) != 2:
        return json.dumps(value) if index else ""
    side = value[index]
    return "" if side is None else side if isinstance(side, str) else json.dumps(side)


def _facts(event: dict[str, Any]) -> None:
    actor = event["actor"]
    facts(
        {
            "Who": f"{actor['id']} ({actor['type']})",
            "On behalf of": event["on_behalf_of"] or "nobody else",
            "By": actor["auth_method"] + (f", {actor['key_id']}" if actor["key_id"] else ""),
            "Why": event["reason"] or "no reason given",
            "Ticket": event["ticket"] or "none",
            "On": event["entity"],
            "Approved by": ", ".join(event["approvals"]) or "nobody",
            "When": spoken(event["at"]),
            "Address": event["ip"] or "none",
            "With": event["user_agent"] or "unknown",
            "Request": event["request_id"] or "none",
            "Event": lambda: html.code(event["id"]),
        }
    )
