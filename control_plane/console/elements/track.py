"""The track diagram: a model's traffic on its rails, as a signal box shows its line."""

from collections.abc import Sequence

from nicegui import html, ui

from bentos.contract.route import BUCKETS
from control_plane.console.elements.badge import badge
from control_plane.console.elements.icon import icon
from control_plane.console.elements.share import percent
from control_plane.console.lanes import Lane, Rail

ROW = 44
POINTS = 28
"""Where the rails part, in pixels from the left."""
BEND = 44
"""How far the parting takes."""
THINNEST, THICKEST = 2.5, 9.0


def track(model: str, lanes: Sequence[Lane]) -> None:
    """Draw a model's lanes. The picture repeats what the words beside it say."""
    with html.div(role="group", **{"aria-label": f"Who serves {model}"}).classes("track"):
        _rails(lanes)
        with html.ul():
            for lane in lanes:
                _lane(lane)


def _lane(lane: Lane) -> None:
    with html.li().classes("lane"):
        with html.span().classes("share"):
            if lane.rail is Rail.SHADOW:
                html.small("copies only")
            elif lane.rail is Rail.IDLE:
                html.small("no calls")
            else:
                html.span(percent(lane.buckets))
        with html.code(title=lane.version).classes("version"):
            model, colon, tag = lane.version.partition(":")
            html.span(model + colon).classes("of")
            html.span(tag)
        with html.span().classes("role"):
            _role(lane)


def _role(lane: Lane) -> None:
    if lane.rail is Rail.IDLE:
        with html.span().classes("badge"):
            icon("aborted")
            html.span("Overridden")
    else:
        badge(lane.rail.value)


def _rails(lanes: Sequence[Lane]) -> None:
    height = ROW * max(1, len(lanes))
    with ui.element("svg").props(f'height="{height}" aria-hidden="true"'):
        for index, lane in reversed(list(enumerate(lanes))):
            _rail(index, lane)
        if len(lanes) > 1:
            ui.element("circle").props(f'cx="{POINTS}" cy="{ROW / 2}" r="5.5"').classes("points")


def _rail(index: int, lane: Lane) -> None:
    """The first lane is the main line; the others leave it at the points."""
    y, width = ROW * index + ROW / 2, f"{_width(lane):.1f}"
    begin = POINTS + BEND if index else 0
    with ui.element("g").classes(f"rail-{lane.rail.value}").props(f'stroke-width="{width}"'):
        if index:
            half = POINTS + BEND / 2
            curve = f"M{POINTS} {ROW / 2} C{half} {ROW / 2} {half} {y} {begin} {y}"
            ui.element("path").props(f'd="{curve}"')
        ui.element("line").props(f'x1="{begin}" x2="100%" y1="{y}" y2="{y}"')


def _width(lane: Lane) -> float:
    if lane.rail in (Rail.SHADOW, Rail.IDLE):
        return THINNEST
    return THINNEST + (THICKEST - THINNEST) * lane.buckets / BUCKETS
