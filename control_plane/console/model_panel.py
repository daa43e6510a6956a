"""One model's panel: its track, its open release, and the buttons for both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import html

from bentos.contract.route import BUCKETS
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.empty import empty
from control_plane.console.elements.moment import ago, moment, spoken
from control_plane.console.elements.notice import notice
from control_plane.console.elements.share import percent
from control_plane.console.elements.track import track
from control_plane.console.frame import ROOT
from control_plane.console.orders.kill import kill_buttons
from control_plane.console.orders.release import order_buttons
from control_plane.console.release_view import Running
from control_plane.releases.lifecycle import STARTED, State, Verb

WORDS = {State.SHADOW: "in shadow", State.CANARY: "at this share", State.PAUSED: "at this share"}
"""What has been so since the last change of its weight."""


def model_panel(desk: Desk, running: Running) -> None:
    """Draw it."""
    with html.section(id=anchor(running.name), **{"aria-label": running.name}).classes("panel"):
        _head(running)
        with html.div().classes("panel-body stack"):
            notices(running)
            if running.lanes:
                track(running.name, running.lanes)
            elif running.release is None:
                empty(
                    "Nothing serves this model",
                    "Its first release is a bootstrap: drafted by one person, approved by another.",
                )
            if running.release is not None:
                _release(running.release)
        _foot(desk, running)


def anchor(model: str) -> str:
    """Where on the page its panel is."""
    return f"model-{model}"


@dataclass(frozen=True)
class Glance:
    """A model in a word: its state's badge, and a share where it has one."""

    model: str
    state: str
    share: str = ""


def glance_of(running: Running) -> Glance:
    """A kill before all else, then what is on its way."""
    if running.model["killed"]:
        return Glance(running.name, "killed")
    if not running.lanes:
        return Glance(running.name, "nothing")
    release = running.release
    if release is None or State(release["state"]) not in STARTED:
        return Glance(running.name, "stable", "100 %")
    weight = round(release["weight"] * BUCKETS)
    return Glance(running.name, release["state"], percent(weight) if weight else "")


def glance(every: Sequence[Glance]) -> None:
    """All models in one line: what is on its way, what was killed; each leads to its panel."""
    with html.nav(**{"aria-label": "Models at a glance"}).classes("glance"), html.ul():
        for each in every:
            with html.li(), html.a(href=f"#{anchor(each.model)}"):
                html.span(each.model).classes("strong")
                badge(each.state, each.share)


def notices(running: Running) -> None:
    """What must not be overlooked: a kill, a route that is not in force yet."""
    killed = running.model["killed"]
    if killed is not None:
        until = f" until {spoken(killed['expires_at'])}" if killed["expires_at"] else ""
        text = f"Killed to {killed['version']} by {killed['set_by']}{until}: {killed['reason']}"
        with notice(text, "tone-red", "killed"), html.p().classes("quiet"):
            moment(killed["set_at"], "since ")
    for warning in running.model["warnings"]:
        with notice(warning, "tone-orange", "warning"):
            text = "It goes on serving until another version takes its place."
            html.p(text).classes("quiet")
    waiting = running.model["waiting_for"]
    if waiting:
        text = f"Decided, but not in force yet: no worker is ready for {', '.join(waiting)}."
        with notice(text, "tone-orange", "warning"):
            html.p("The last route stays until the fleet reports one.").classes("quiet")


def _head(running: Running) -> None:
    with html.div().classes("panel-head"):
        with html.h2():
            html.a(running.name, href=f"{ROOT}/models/{running.name}").classes("plain")
        if running.model["killed"]:
            badge("killed")
        if running.release is not None:
            badge(running.release["state"])
        else:
            html.span("no open release").classes("quiet")


def _release(release: dict[str, Any]) -> None:
    with html.p().classes("release-line"):
        html.a(release["reason"], href=f"{ROOT}/releases/{release['id']}").classes("strong")
        live = [each["person"] for each in release["approvals"] if each["live"]]
        parts = [f"by {release['author']}"]
        parts += [f"approved by {', '.join(live)}"] if live else []
        parts += [release["ticket"]] if release["ticket"] else []
        with html.span().classes("quiet"):
            html.span(" · " + " · ".join(parts))
            if State(release["state"]) in STARTED and release["step_since"]:
                html.span(f" · {WORDS[State(release['state'])]} ")
                ago(release["step_since"])


def _foot(desk: Desk, running: Running) -> None:
    # Approving takes reading: it is a button on the release's own page.
    offered = tuple(o for o in running.offered if o.verb not in (Verb.APPROVE, Verb.REFUSE))
    if not offered and running.killing is None:
        return
    with html.div().classes("panel-foot stack"):
        with html.div().classes("actions"):
            if running.release is not None:
                order_buttons(desk, running.release, offered)
            if running.killing is not None:
                with html.span().classes("push actions"):
                    kill_buttons(desk, running.killing)
        why_not(running.offered)


def why_not(offered: tuple[Any, ...]) -> None:
    """Verbs that are theirs but not now, and what stands in the way: once per obstacle."""
    held: dict[str, list[str]] = {}
    for option in offered:
        for obstacle in option.obstacles:
            held.setdefault(obstacle, []).append(option.verb.value)
    for obstacle, verbs in held.items():
        html.p(f"Not now ({', '.join(verbs)}): {obstacle}.").classes("why")
