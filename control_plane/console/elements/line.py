"""A release's way as the stations of a line: passed, here, still to come."""

from dataclasses import dataclass
from typing import Any

from nicegui import html

from bentos.contract.route import BUCKETS
from control_plane.console.elements.share import percent
from control_plane.releases.lifecycle import State

_BEFORE = (State.DRAFT, State.IN_REVIEW, State.APPROVED)


@dataclass(frozen=True)
class Station:
    """``place``: ``passed``, ``here``, ``stopped`` or nothing for what is to come."""

    name: str
    place: str


def stations(release: dict[str, Any]) -> list[Station]:
    """The stations of a release's plan, with its present place among them; pure."""
    state, weight = State(release["state"]), round(release["weight"] * BUCKETS)
    steps = [round(each * BUCKETS) for each in release["steps"]]
    names = ["Draft", "In review", "Approved"]
    names += ["Shadow"] if release["shadow"] else []
    names += [percent(step) for step in steps if step < BUCKETS]
    names += ["Promoted"]
    if state in (State.ROLLED_BACK, State.ABORTED):
        word = "Rolled back" if state is State.ROLLED_BACK else "Aborted"
        return [Station(name, "") for name in names[:-1]] + [Station(word, "here stopped")]
    here = _here(state, weight, release, steps, len(names))
    placed = [Station(n, "passed" if i < here else "") for i, n in enumerate(names)]
    word = f"Paused at {percent(weight)}" if state is State.PAUSED else names[here]
    if state is State.CANARY and weight not in steps:
        word = percent(weight)
    if state is State.SCHEDULED:
        word = "Scheduled"
    placed[here] = Station(word, "here stopped" if state is State.PAUSED else "here")
    return placed


def _here(state: State, weight: int, release: dict[str, Any], steps: list[int], last: int) -> int:
    if state in _BEFORE:
        return _BEFORE.index(state)
    if state is State.SCHEDULED:
        return 2
    if state is State.PROMOTED:
        return last - 1
    first = 4 if release["shadow"] else 3
    if not release["step"]:
        return first - 1
    reached = [index for index, step in enumerate(steps) if step <= weight and step < BUCKETS]
    return first + (reached[-1] if reached else 0)


def line(release: dict[str, Any]) -> None:
    """Draw it."""
    with html.ol(**{"aria-label": "The way of this release"}).classes("line"):
        for station in stations(release):
            here = {"aria-current": "step"} if "here" in station.place else {}
            html.li(station.name, **here).classes(station.place)
