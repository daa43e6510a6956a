"""Releases: what serves now and to how many, what waits for whom, and what came before."""

from dataclasses import dataclass
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import link_button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.moment import moment, spoken
from control_plane.console.elements.notice import notice
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.model_panel import model_panel
from control_plane.console.release_view import Running, running_models
from control_plane.console.review_orders import Review, open_reviews, review_notice
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.releases import queries
from control_plane.releases.freezes import freeze_view, list_freezes
from control_plane.releases.lifecycle import CLOSED, State, Verb

HISTORY = 20
REGISTER_ONE = 'curl -H "Authorization: Bearer $KEY" --json @manifest.json \\\n  http://127.0.0.1:8081/api/v1/versions'


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    running: list[Running]
    reviews: list[Review]
    freezes: list[dict[str, Any]]
    history: list[dict[str, Any]]
    may_draft: bool


def register() -> None:
    """Make the page known."""

    @ui.page("/", title=title("Releases"), response_timeout=BUILD_WITHIN_S)
    async def releases(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Releases"):
            desk.live(load, lambda view: draw(desk, view))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Everything from one snapshot."""
    closed = [row for row in queries.list_releases(session) if State(row.state) in CLOSED]
    return View(
        running_models(session, principal),
        open_reviews(session, principal),
        [freeze_view(row) for row in list_freezes(session)],
        [row.model_dump() for row in closed[:HISTORY]],
        Permission.RELEASES_WRITE in principal.permissions,
    )


def draw(desk: Desk, view: View) -> None:
    """Models on top, history below."""
    _head(view)
    for freeze in view.freezes:
        _freeze(freeze)
    for waiting in view.reviews:
        review_notice(desk, waiting)
    for running in view.running:
        if any(option.verb is Verb.APPROVE for option in running.offered):
            _waits_for_you(running)
    for running in view.running:
        model_panel(desk, running)
    if not view.running:
        with html.section().classes("panel"):
            empty(
                "No model yet",
                "Training registers a version with its manifest; its model then stands here, with "
                "who it serves. By hand it is one call:",
                REGISTER_ONE,
            )
    _history(view.history)


def _head(view: View) -> None:
    with html.div().classes("page-head"):
        with html.div():
            html.h1("Releases")
            html.p("What serves each model now, to how many, and what is about to change it.")
        if view.may_draft and view.running:
            with html.div().classes("actions"):
                link_button("New release", f"{ROOT}/releases/new", kind="primary", drawing="plus")


def _freeze(freeze: dict[str, Any]) -> None:
    models = ", ".join(freeze["models"] or ()) or "every model"
    begins, ends = spoken(freeze["starts_at"]), spoken(freeze["ends_at"])
    text = f"Freeze for {models}, {begins} to {ends}: {freeze['reason']}"
    with notice(text, "", "scheduled"):
        html.p("Nothing goes forward in it; pausing, rolling back and killing do.").classes("quiet")


def _waits_for_you(running: Running) -> None:
    release = running.release
    assert release is not None
    text = f"{release['author']} asks for your review: {running.name}, {release['reason']}"
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
