"""What stands around every page: skip link, bar with the places one may go, foot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.icon import icon
from control_plane.console.places import PLACES, Place, Room, open_to
from control_plane.db import ReadSession
from control_plane.people.service import get_person
from control_plane.principal import Permission, Principal

BUILD_WITHIN_S = 30.0
"""On a machine that is busy with other things a page may take its time."""
ROOT = "/console"
RAILS = "M1 16h24M6 16c8 0 7-11 13-11h6"
"""The mark: points, where one line becomes two."""


@dataclass(frozen=True)
class Bar:
    """What the bar says."""

    name: str
    permissions: frozenset[Permission]


def title(text: str) -> str:
    """A page's title."""
    return f"{text} · Signalbox"


@contextmanager
def frame(desk: Desk, here: str, room: str = "") -> Iterator[None]:
    """Draw bar and foot; what is drawn inside stands between them. ``here``, ``room``: which
    place, and which of its rooms where it has several, the page is in."""
    settings = desk.parts.settings
    with desk.client.layout:
        skip = html.a("Skip to the page", href="#main").classes("skip")
        with html.header().classes("bar") as bar, html.div().classes("bar-row"):
            _brand(f"{settings.shop} · {settings.environment}")
            desk.live(_load, lambda view: _places(view, here), "places")
        bar.move(desk.client.layout, 0)
        skip.move(desk.client.layout, 0)
        html.footer("All times are UTC. Every change and every denial is in the register.").classes(
            "foot"
        )
    with html.div(id="main", tabindex="-1").classes("page"):
        desk.live(_load, lambda view: _rooms(view, here, room), "rooms")
        yield
    html.div(id="said", role="status", **{"aria-live": "polite"}).classes("said")


def _load(session: ReadSession, principal: Principal) -> Bar:
    person = principal.person
    name = get_person(session, person).name if person else principal.actor.id
    return Bar(name, principal.permissions)


def _brand(shop: str) -> None:
    with html.a(href=f"{ROOT}/", **{"aria-label": "Signalbox, to the releases"}).classes("brand"):
        with ui.element("svg").props('viewBox="0 0 26 22" aria-hidden="true"'):
            ui.element("path").props(
                f'd="{RAILS}" fill="none" stroke="currentColor" stroke-width="2.4"'
            )
        html.span("Signalbox")
    html.span(shop).classes("shop")


def _places(view: Bar, here: str) -> None:
    with html.nav(**{"aria-label": "Places"}), html.ul():
        for place in PLACES:
            rooms = open_to(place, view.permissions)
            if rooms:
                _link(place.name, rooms[0].path, is_here=place.name == here, how="page")
    with html.div().classes("me"):
        with html.a(href=f"{ROOT}/me", title="Your sessions and keys").classes("name"):
            icon("person")
            html.span(view.name)
        leave = html.button("Sign out", type="button").classes("button small")
        leave.on("click", js_handler=f"() => signalbox.signOut('{ROOT}')")


def _rooms(view: Bar, here: str, room: str) -> None:
    place = next((each for each in PLACES if each.name == here), None)
    rooms = open_to(place, view.permissions) if place else ()
    if len(rooms) > 1 and room:
        _room_links(place, rooms, room)


def _room_links(place: Place | None, rooms: Sequence[Room], room: str) -> None:
    assert place is not None
    with html.nav(**{"aria-label": f"In {place.name}"}).classes("rooms-nav"), html.ul():
        for each in rooms:
            _link(each.name, each.path, is_here=each.name == room, how="page")


def _link(name: str, path: str, *, is_here: bool, how: str) -> None:
    with html.li():
        html.a(name, href=ROOT + path, **({"aria-current": how} if is_here else {}))
