"""One group: where each member stands, what serves, and the verbs that move all of them."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.content_words import content_words
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.difference import difference
from control_plane.console.elements.head import head
from control_plane.console.elements.line import line
from control_plane.console.elements.panel import panel
from control_plane.console.elements.track import track
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing
from control_plane.console.model_panel import notices, why_not
from control_plane.console.orders.group import ask_dissolve, ask_group, group_buttons
from control_plane.console.pages.groups import shown
from control_plane.console.release_view import Looking, Running, running_models
from control_plane.console.sightings import Sightings
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.principal import Principal
from control_plane.releases import groups, queries
from control_plane.releases.binding import members_of
from control_plane.releases.group_options import group_options, joinable, may_form
from control_plane.releases.options import Option
from control_plane.releases.presentation import Published


@dataclass(frozen=True)
class View:
    """All that this page shows. ``joinable``: what could belong to it."""

    group: dict[str, Any]
    running: dict[str, Running]
    offered: tuple[Option, ...]
    joinable: tuple[dict[str, Any], ...]
    may_change: bool


def register() -> None:
    """Make the page known."""

    @ui.page("/groups/{group_id}", title=title("Group"), response_timeout=BUILD_WITHIN_S)
    async def group(client: Client, group_id: str) -> None:
        desk = Desk(client)
        with frame(desk, "Releases", "Groups"):
            desk.live(partial(load, group_id, desk.sightings), partial(draw, desk))
        await desk.look()


def load(
    group_id: str, sightings: Sightings, session: ReadSession, principal: Principal
) -> View | None:
    """Everything from one snapshot; None when there is no such group."""
    try:
        group = groups.get_group(session, group_id)
    except NotFoundError:
        return None
    rows, published = members_of(session, group_id), Published(session)
    models = {row.model for row in rows}
    running = running_models(Looking(session, principal, sightings))
    open_ones = list(queries.open_releases(session).values())
    not_started = len(joinable(rows, group_id)) == len(rows)
    return View(
        group=groups.group_content(session, group)
        | {"releases": [published.release(row) for row in rows]},
        running={each.name: each for each in running if each.name in models},
        offered=group_options(session, principal, rows, sightings.of),
        joinable=tuple(shown(joinable(open_ones, group_id))),
        may_change=may_form(principal) and not_started,
    )


def draw(desk: Desk, view: View | None) -> None:
    """The buttons for all on top, then each member."""
    if view is None:
        missing("group")
        return
    group = view.group
    desk.name_page(title(f"Group: {group['reason']}"))
    about = f"{len(group['releases'])} releases, bound by {group['author']}"
    about += f" · {group['ticket']}" if group["ticket"] else ""
    with head(group["reason"], about, ("Groups", f"{ROOT}/groups")):
        if view.may_change:
            button("Members…", partial(ask_group, desk, view.joinable, group), key="members")
            button("Dissolve…", partial(ask_dissolve, desk, group), kind="stop", key="dissolve")
    with html.section(**{"aria-label": "All together"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("All together")
        with html.div().classes("panel-body stack"):
            with html.div().classes("actions"):
                group_buttons(desk, group, view.offered)
            why_not(view.offered)
            if not view.offered:
                html.p("Nothing here is yours to tell this group now.").classes("quiet")
    for release in group["releases"]:
        _member(release, view.running[release["model"]])


def _member(release: dict[str, Any], running: Running) -> None:
    with panel(release["model"]) as push:
        with push:
            badge(release["state"])
        with html.p().classes("release-line"):
            html.a(release["reason"], href=f"{ROOT}/releases/{release['id']}").classes("strong")
            live = [each["person"] for each in release["approvals"] if each["live"]]
            more = f" · approved by {', '.join(live)}" if live else ""
            html.span(f" · by {release['author']}{more}").classes("quiet")
        notices(running)
        line(release)
        if running.lanes:
            track(running.name, running.lanes)
        with html.details():
            html.summary("What an approval is for")
            difference(content_words(release), {}, f"Content of {release['model']}")
