"""What stands around every page: skip link, bar with the places one may go, foot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.icon import icon
from control_plane.db import ReadSession
from control_plane.people.service import get_person
from control_plane.principal import Permission, Principal

BUILD_WITHIN_S = 30.0
"""On a machine that is busy with other things a page may take its time."""
ROOT = "/console"
RAILS = "M1 16h24M6 16c8 0 7-11 13-11h6"
"""The mark: points, where one line becomes two."""


@dataclass(frozen=True)
class Place:
    """Somewhere to go; ``permission``: what its services ask for."""

    name: str
    path: str
    permission: Permission


PLACES = (
    Place("Releases", "/", Permission.READ),
    Place("Models", "/models", Permission.READ),
    Place("Audit", "/audit", Permission.REGISTER_READ),
    Place("People", "/people", Permission.PEOPLE),
)


@dataclass(frozen=True)
class Bar:
    """What the bar says."""

    name: str
    permissions: frozenset[Permission]


def title(text: str) -> str:
    """A page's title."""
    return f"{text} · Signalbox"


@contextmanager
def frame(desk: Desk, here: str) -> Iterator[None]:
    """Draw bar and foot; what is drawn inside stands between them."""
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
            if place.permission not in view.permissions:
                continue
            props = {"aria-current": "page"} if place.name == here else {}
            with html.li():
                html.a(place.name, href=ROOT + place.path, **props)
    with html.div().classes("me"):
        icon("person")
        html.span(view.name).classes("name")
        leave = html.button("Sign out", type="button").classes("button small")
        leave.on("click", js_handler=f"() => signalbox.signOut('{ROOT}')")
