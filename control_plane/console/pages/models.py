"""Models and their versions."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.empty import empty
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.elements.track import track
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing
from control_plane.console.model_panel import model_panel
from control_plane.console.release_view import Looking, Running, running_models
from control_plane.console.sightings import Sightings
from control_plane.db import ReadSession
from control_plane.principal import Principal
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.service import list_versions, version_summary


@dataclass(frozen=True)
class Row:
    """One version in a list."""

    summary: dict[str, Any]
    metric: str
    baseline: str
    rows: int
    serves: bool


@dataclass(frozen=True)
class View:
    """Models with what serves them, and their versions, newest first."""

    running: list[Running]
    versions: dict[str, list[Row]]


def register() -> None:
    """Make both pages known."""

    @ui.page("/models", title=title("Models"), response_timeout=BUILD_WITHIN_S)
    async def models(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Models", "Models"):
            desk.live(partial(load, desk.sightings), draw)
        await desk.look()

    @ui.page("/models/{model}", title=title("Model"), response_timeout=BUILD_WITHIN_S)
    async def model(client: Client, model: str) -> None:
        desk = Desk(client)
        with frame(desk, "Models"):
            desk.live(partial(load, desk.sightings), partial(draw_one, desk, model))
        await desk.look()


def load(sightings: Sightings, session: ReadSession, principal: Principal) -> View:
    """Everything from one snapshot."""
    running = running_models(Looking(session, principal, sightings))
    versions: dict[str, list[Row]] = {each.name: [] for each in running}
    stable = {each.model["stable"] for each in running}
    for row in reversed(list_versions(session)):
        manifest = MANIFESTS.of(row)
        offline = manifest.offline
        versions[row.model].append(
            Row(
                summary=version_summary(row),
                metric=f"{offline.primary} {offline.model[offline.primary]:g}",
                baseline=f"{offline.baseline[offline.primary]:g}",
                rows=manifest.dataset.rows,
                serves=row.version in stable,
            )
        )
    return View(running, versions)


def draw(view: View) -> None:
    """All models."""
    with html.div().classes("page-head"), html.div():
        html.h1("Models")
        html.p("Every version ever registered, with its certificate; none is ever changed.")
    if not view.running:
        with html.section().classes("panel"):
            empty(
                "No model yet",
                "A model appears with its first version. The nightly training registers one per "
                "model; to train now:",
                "signalbox train fraud --orders orders.csv",
            )
    for running in view.running:
        with html.section(**{"aria-label": running.name}).classes("panel"):
            with html.div().classes("panel-head"):
                with html.h2():
                    html.a(running.name, href=f"{ROOT}/models/{running.name}").classes("plain")
                html.span(_visibility(running)).classes("quiet")
            if running.lanes:
                with html.div().classes("panel-body"):
                    track(running.name, running.lanes)
            _versions(running.name, view.versions[running.name])


def draw_one(desk: Desk, name: str, view: View) -> None:
    """One model."""
    running = next((each for each in view.running if each.name == name), None)
    if running is None:
        missing("model")
        return
    desk.name_page(title(name))
    with html.div().classes("page-head"), html.div():
        with html.p().classes("crumb"):
            html.a("Models", href=f"{ROOT}/models")
        html.h1(name)
        html.p(_visibility(running))
    model_panel(desk, running)
    with html.section(**{"aria-label": "Versions"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Versions")
        _versions(name, view.versions[name])


def _visibility(running: Running) -> str:
    if running.model["visibility"] == "public":
        return "Public: browsers with a publishable key may ask for it."
    return "Server only: no browser may reach it."


def _versions(name: str, rows: list[Row]) -> None:
    table(
        f"Versions of {name}, newest first",
        (
            Column[Row]("Version", _version),
            Column("State", _state),
            Column("Decided by", lambda row: row.metric, "number"),
            Column("Baseline", lambda row: row.baseline, "number"),
            Column("Trained on", lambda row: f"{row.rows:,} rows", "number"),
            Column("Registered", lambda row: moment(row.summary["registered_at"])),
        ),
        rows,
    )


def _version(row: Row) -> None:
    version = row.summary["version"]
    with html.a(href=f"{ROOT}/versions/{version}"):
        html.code(version)


def _state(row: Row) -> None:
    with html.span().classes("actions"):
        badge(row.summary["state"])
        if row.serves:
            badge("stable")
