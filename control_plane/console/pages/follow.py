"""Following: which models take their routes from an upstream GrowthBook, and what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui
from sqlmodel import col, select

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import facts
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.notice import notice
from control_plane.console.elements.panel import body
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.orders.follow import ask_agree, ask_follow, ask_stop
from control_plane.db import ReadSession
from control_plane.follow.models import FollowRow
from control_plane.follow.service import WHOLE, view
from control_plane.principal import Permission, Principal
from control_plane.registry.history import stable_of
from control_plane.registry.service import list_models

SHOWN = 100
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``models``: those that may be proposed; None: not by them."""

    standing: Row | None
    past: tuple[Row, ...]
    models: tuple[str, ...] | None
    failing: str | None = None


def register() -> None:
    """Make the page known."""

    @ui.page("/follow", title=title("Following"), response_timeout=BUILD_WITHIN_S)
    async def follow(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Following"):
            desk.live(partial(load, desk), partial(draw, desk))
        await desk.look()


def load(desk: Desk, session: ReadSession, principal: Principal) -> View:
    """What is or is to be followed, what was, and why this process does not reach it now."""
    newest = select(FollowRow).order_by(col(FollowRow.proposed_at).desc(), col(FollowRow.id).desc())
    rows = [_row(principal, row) for row in session.exec(newest)]
    standing = next((row for row in rows if row["state"] != "ended"), None)
    models = None
    if standing is None and Permission.FOLLOW in principal.permissions:
        names = (row.name for row in list_models(session))
        models = tuple(name for name in names if stable_of(session, name) is not None)
    contact = desk.parts.follower.status() or {}
    return View(
        standing=standing,
        past=tuple(row for row in rows if row["state"] == "ended")[:SHOWN],
        models=models,
        failing=contact.get("failing"),
    )


def _row(principal: Principal, row: FollowRow) -> Row:
    shown = view(row)
    may, second = principal.permissions, principal.person not in {None, row.proposed_by}
    proposed, over = shown["state"] == "proposed", shown["state"] == "ended"
    return shown | {
        "agree": proposed and second and Permission.RELEASES_APPROVE in may,
        "end": not over and Permission.RELEASES_BACK in may,
    }


def draw(desk: Desk, shown: View) -> None:
    """What stands on top, what is over below."""
    text = (
        "Models may take their routes from a GrowthBook elsewhere: somebody there moves their "
        "traffic, without our approval. Kills come first all the same."
    )
    with head("Following", text):
        if shown.models is not None:
            button(
                "Follow…",
                partial(ask_follow, desk, shown.models),
                kind="primary",
                drawing="plus",
                key="new-follow",
                label="Follow an upstream",
            )
    with html.section(**{"aria-label": "Now"}).classes("panel"):
        if shown.standing is None:
            empty(
                "Nothing is followed",
                "Every model's route is made here, by releases. One upstream may be followed at a "
                "time; it takes a second person to begin and nobody's approval to end.",
            )
        else:
            _standing(desk, shown.standing, shown.failing)
    if shown.past:
        with html.section(**{"aria-label": "Over"}).classes("panel"):
            with html.div().classes("panel-head"):
                html.h2("Over")
            table("Over, newest first", _PAST, shown.past)


def _standing(desk: Desk, row: Row, failing: str | None) -> None:
    with html.div().classes("panel-head"):
        html.h2(row["url"])
        badge(row["state"])
        with html.div().classes("actions push"):
            _acts(desk, row)
    if row["late_since"]:
        with notice("Nothing good was heard for too long.", "tone-red", "warning"), html.p():
            html.span("Since ")
            moment(row["late_since"])
    if failing:
        with notice("The upstream is not reached.", "tone-orange", "warning"):
            html.p(failing).classes("quiet")
    for model, why in sorted(row["refused"].items()):
        what = "The whole payload" if model == WHOLE else f"What came for {model}"
        with notice(f"{what} was refused: what was good before stays.", "tone-orange", "warning"):
            html.p(why).classes("quiet")
    with body():
        facts(_facts(row))
    if row["accepted"]:
        table("What is in force by model", _ACCEPTED, _accepted(row))


def _facts(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Models": ", ".join(row["models"]),
        "Why": row["reason"],
        "Client key": row["client_key"],
        "Proposed": partial(_by, row["proposed_by"], row["proposed_at"]),
    }
    if row["ticket"]:
        found["Ticket"] = row["ticket"]
    if row["decryption_key"]:
        found["Decryption key"] = row["decryption_key"]
    if row["approved_by"]:
        found["Agreed"] = partial(_by, row["approved_by"], row["approved_at"])
    if row["accepted_at"]:
        found["Last change taken"] = partial(moment, row["accepted_at"])
    return found


def _by(who: str, at: str) -> None:
    html.span(f"by {who} ")
    moment(at)


def _acts(desk: Desk, row: Row) -> None:
    if row["agree"]:
        button("Agree…", partial(ask_agree, desk, row), kind="primary", key="agree")
    if row["end"]:
        label = "Stop following"
        button("Stop…", partial(ask_stop, desk, row), kind="stop", key="stop", label=label)


def _accepted(row: Row) -> Sequence[tuple[str, str]]:
    return [(name, json.dumps(feature)) for name, feature in sorted(row["accepted"].items())]


def _code(text: str) -> None:
    html.code(text)


_ACCEPTED: Sequence[Column[tuple[str, str]]] = (
    Column("Model", lambda pair: pair[0], "strong"),
    Column("Its route", lambda pair: _code(pair[1])),
)
_PAST: Sequence[Column[Row]] = (
    Column("Upstream", lambda row: row["url"], "strong"),
    Column("Models", lambda row: ", ".join(row["models"])),
    Column("Why", lambda row: row["reason"]),
    Column("Proposed", lambda row: _by(row["proposed_by"], row["proposed_at"])),
    Column("Ended", lambda row: _by(row["ended_by"], row["ended_at"])),
)
