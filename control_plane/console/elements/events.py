"""Events under one another, the newest on top."""

from collections.abc import Sequence
from typing import Any

from nicegui import html

from bentos.contract.register import Outcome
from bentos.contract.route import BUCKETS
from control_plane.console.elements.icon import icon
from control_plane.console.elements.moment import moment
from control_plane.console.elements.share import percent

WORDS = {
    "create": ("drafted it", "draft"),
    "edit": ("edited it", "draft"),
    "submit": ("submitted it for review", "in_review"),
    "approve": ("approved it", "approved"),
    "refuse": ("refused it", "denied"),
    "schedule": ("scheduled it", "scheduled"),
    "start": ("started it", "right"),
    "ramp": ("ramped it", "canary"),
    "lower": ("lowered it", "rolled_back"),
    "pause": ("paused it", "paused"),
    "resume": ("resumed it", "right"),
    "promote": ("promoted it", "promoted"),
    "rollback": ("rolled it back", "rolled_back"),
    "abort": ("aborted it", "aborted"),
    "halt": ("stopped it at 0 %, for a kill", "killed"),
    "open_gate": ("opened its gate", "right"),
}


def events(entries: Sequence[dict[str, Any]]) -> None:
    """Draw a release's timeline, which comes newest first."""
    with html.ol(**{"aria-label": "What happened, newest first"}).classes("events"):
        for entry in entries:
            with html.li():
                _event(entry)


def _event(entry: dict[str, Any]) -> None:
    verb = entry["action"].partition(":")[2]
    words, drawing = WORDS.get(verb, (verb, "info"))
    denied = entry["outcome"] == Outcome.DENIED.value
    icon("denied" if denied else drawing)
    text = f"was denied to {verb.replace('_', ' ')} it" if denied else words
    if not denied and entry["weight"] is not None and verb in ("ramp", "lower", "start", "resume"):
        text += f" to {percent(round(entry['weight'] * BUCKETS))}"
    html.p(f"{entry['actor']} {text}").classes("what")
    if entry["reason"]:
        html.p(entry["reason"])
    with html.p().classes("when"):
        moment(entry["at"])
        html.span(f" · event {entry['seq']}" + (f" · {entry['ticket']}" if entry["ticket"] else ""))
