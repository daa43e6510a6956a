"""Releases: what serves now and to how many, what waits for whom, and what came before."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import link_button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.moment import moment, spoken
from control_plane.console.elements.notice import notice
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.model_panel import Glance, glance, glance_of, model_panel
from control_plane.console.orders.review import Review, open_reviews, review_notice
from control_plane.console.release_view import Looking, Running, running_models
from control_plane.console.sightings import Sightings
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.releases import queries
from control_plane.releases.freezes import freeze_view, list_freezes
from control_plane.releases.lifecycle import CLOSED, State, Verb

HISTORY = 20
SOON_S = 7 * 86_400
"""A freeze that begins within this time is told of here; every one is on its own page."""
REGISTER_ONE = 'curl -H "Authorization: Bearer $KEY" --json @manifest.json \\\n  http://127.0.0.1:8081/api/v1/versions'


@dataclass(frozen=True)
class Top:
    """What stands above the models. ``waits``: whose release asks for this person's review."""

    glances: tuple[Glance, ...]
    reviews: list[Review]
    freezes: list[dict[str, Any]]
    waits: tuple[tuple[str, dict[str, Any]], ...]
    may_draft: bool


View = Top | Running | list[dict[str, Any]]
"""The top, a model, or closed releases: each is drawn when it differs."""


def register() -> None:
    """Make the page known."""

    @ui.page("/", title=title("Releases"), response_timeout=BUILD_WITHIN_S)
    async def releases(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Now"):
            desk.live_each(partial(load, desk.sightings), partial(draw, desk))
        await desk.look()


def load(sightings: Sightings, session: ReadSession, principal: Principal) -> dict[str, View]:
    """Everything from one snapshot, part by part."""
    running = running_models(Looking(session, principal, sightings))
    closed = [row for row in queries.list_releases(session) if State(row.state) in CLOSED]
    top = Top(
        tuple(map(glance_of, running)),
        open_reviews(session, principal),
        [freeze_view(row) for row in list_freezes(session) if row.starts_at < clock.later(SOON_S)],
        tuple((each.name, each.release) for each in running if each.release and _asks(each)),
        Permission.RELEASES_WRITE in principal.permissions,
    )
    models: dict[str, View] = {f"model {each.name}": each for each in running}
    return {"top": top, **models, "history": [row.model_dump() for row in closed[:HISTORY]]}


def _asks(running: Running) -> bool:
    return any(option.verb is Verb.APPROVE for option in running.offered)


def draw(desk: Desk, _: str, view: View) -> None:
    """One part."""
    if isinstance(view, Running):
        model_panel(desk, view)
    elif isinstance(view, Top):
        _top(desk, view)
    else:
        _history(view)


def _top(desk: Desk, view: Top) -> None:
    _head(view)
    if len(view.glances) > 1:
        glance(view.glances)
    if view.freezes:
        _freezes(view.freezes)
    for waiting in view.reviews:
        review_notice(desk, waiting)
    for model, release in view.waits:
        _waits_for_you(model, release)
    if not view.glances:
        with html.section().classes("panel"):
            empty(
                "No model yet",
                "Training registers a version with its manifest; its model then stands here, with "
                "who it serves. By hand it is one call:",
                REGISTER_ONE,
            )


def _head(view: Top) -> None:
    with html.div().classes("page-head"):
        with html.div():
            html.h1("Releases")
            html.p("What serves each model now, to how many, and what is about to change it.")
        if view.may_draft and view.glances:
            with html.div().classes("actions"):
                link_button("New release", f"{ROOT}/releases/new", kind="primary", drawing="plus")


def _freezes(freezes: list[dict[str, Any]]) -> None:
    with notice(
        "Freezes: inside them nothing goes forward. Pausing, rolling back and killing work.",
        "",
        "scheduled",
    ):
        for freeze in freezes:
            models = ", ".join(freeze["models"] or ()) or "every model"
            begins, ends = spoken(freeze["starts_at"]), spoken(freeze["ends_at"])
            with html.p():
                html.span(f"{models}, {begins} to {ends}: ").classes("quiet")
                html.a(freeze["reason"], href=f"{ROOT}/freezes")


def _waits_for_you(model: str, release: dict[str, Any]) -> None:
    text = f"{release['author']} asks for your review: {model}, {release['reason']}"
    with notice(text, drawing="in_review"):
        html.a("Read it and decide", href=f"{ROOT}/releases/{release['id']}")


def _history(rows: list[dict[str, Any]]) -> None:
    with html.section(**{"aria-label": "Closed releases"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Closed releases")
        if not rows:
            empty("Nothing closed yet", "Promoted, rolled back and aborted releases are kept here.")
            return
        table(
            "Closed releases, newest first",
            (
                Column[dict[str, Any]]("State", lambda row: badge(row["state"])),
                Column("Model", lambda row: row["model"]),
                Column("Candidate", _candidate),
                Column("What for", lambda row: row["reason"]),
                Column("Author", lambda row: row["author"]),
                Column("Last change", lambda row: moment(row["updated_at"])),
            ),
            rows,
        )


def _candidate(row: dict[str, Any]) -> None:
    with html.a(href=f"{ROOT}/releases/{row['id']}"):
        html.code(row["candidate"].partition(":")[2])
