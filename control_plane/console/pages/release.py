"""One release: where it stands, what it would do, who judged it, what happened to it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.content_words import content_words, manifest_words
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button, link_button
from control_plane.console.elements.difference import difference
from control_plane.console.elements.empty import empty
from control_plane.console.elements.events import events
from control_plane.console.elements.facts import facts
from control_plane.console.elements.line import line
from control_plane.console.elements.moment import moment, spoken
from control_plane.console.elements.panel import panel
from control_plane.console.elements.track import track
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import missing
from control_plane.console.model_panel import notices, why_not
from control_plane.console.orders.kill import kill_buttons
from control_plane.console.orders.release import order_buttons
from control_plane.console.release_view import Looking, Running, offered_for, running_model
from control_plane.console.sightings import Sightings
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.principal import Principal
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.history import stable_of
from control_plane.registry.service import get_version
from control_plane.releases import queries
from control_plane.releases.lifecycle import CLOSED, RULES, TRANSITIONS, State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.options import Option, roles_for
from control_plane.releases.presentation import Published
from control_plane.releases.timeline import last_approved, newest, same_hands

PAGE = 30


@dataclass(frozen=True)
class View:
    """All that this page shows. ``approved`` and ``stable``: what to compare with, by heads."""

    release: dict[str, Any]
    running: Running
    offered: tuple[Option, ...]
    content: dict[str, str]
    approved: dict[str, dict[str, str]]
    candidate: dict[str, str]
    stable: dict[str, dict[str, str]]
    timeline: list[dict[str, Any]]
    same_hands: dict[str, list[str]]
    older: bool


@dataclass
class Reach:
    """How far back an open page shows what happened."""

    events: int = PAGE

    def farther(self) -> None:
        """One page more."""
        self.events += PAGE


def register() -> None:
    """Make the page known."""

    @ui.page("/releases/{release_id}", title=title("Release"), response_timeout=BUILD_WITHIN_S)
    async def release(client: Client, release_id: str) -> None:
        desk, reach = Desk(client), Reach()
        with frame(desk, "Releases"):
            load_it = partial(load, release_id, reach, desk.sightings)
            desk.live(load_it, partial(draw, desk, reach))
        await desk.look()


def load(
    release_id: str, reach: Reach, sightings: Sightings, session: ReadSession, principal: Principal
) -> View | None:
    """Everything from one snapshot; None when there is no such release."""
    try:
        row = queries.get_release(session, release_id)
    except NotFoundError:
        return None
    happened = newest(session, release_id, reach.events + 1)
    looking = Looking(session, principal, sightings)
    release = Published(session).release(row)
    approved = last_approved(session, row)
    return View(
        release=release,
        running=running_model(looking, row.model),
        offered=offered_for(looking, row),
        content=content_words(release),
        approved={"Last approved": content_words(approved)} if approved else {},
        candidate=manifest_words(MANIFESTS.of(get_version(session, row.candidate))),
        stable=_stable(session, row),
        timeline=happened[: reach.events],
        same_hands=same_hands(session, release_id),
        older=len(happened) > reach.events,
    )


def _stable(session: ReadSession, row: ReleaseRow) -> dict[str, dict[str, str]]:
    """The version that serves today; for a closed release the one it was about to replace."""
    stable = row.stable if State(row.state) in CLOSED else stable_of(session, row.model)
    if stable is None or stable == row.candidate:
        return {}
    return {f"Stable, {stable}": manifest_words(MANIFESTS.of(get_version(session, stable)))}


def draw(desk: Desk, reach: Reach, view: View | None) -> None:
    """The way on top, then what it is, then what happened."""
    if view is None:
        missing("release")
        return
    release = view.release
    desk.name_page(title(f"{release['model']}: {release['reason']}"))
    _head(release)
    with html.section(**{"aria-label": "State"}).classes("panel"):
        with html.div().classes("panel-body stack"):
            notices(view.running)
            line(release)
            if view.running.lanes and State(release["state"]) not in (
                State.ROLLED_BACK,
                State.ABORTED,
            ):
                track(release["model"], view.running.lanes)
        _foot(desk, view)
    with html.div().classes("columns"):
        with html.div().classes("stack"):
            with panel("What an approval is for"):
                difference(view.content, view.approved, "What an approval is for")
            with panel("Candidate beside stable"):
                difference(view.candidate, view.stable, "Candidate beside stable", replaces=False)
            with panel("Approvals"):
                _approvals(release, view.same_hands)
        with html.div().classes("stack"):
            with panel("About"):
                _about(release)
            with panel("What happened"):
                events(view.timeline)
                if view.older:
                    button("Show older", partial(_farther, desk, reach), kind="small", key="older")


async def _farther(desk: Desk, reach: Reach) -> None:
    reach.farther()
    await desk.look()


def _head(release: dict[str, Any]) -> None:
    with html.div().classes("page-head"), html.div():
        with html.p().classes("crumb"):
            html.a("Releases", href=f"{ROOT}/")
            html.span(" / ")
            html.a(release["model"], href=f"{ROOT}/models/{release['model']}")
        with html.div().classes("actions"):
            html.h1(release["reason"])
            badge(release["state"])


def _foot(desk: Desk, view: View) -> None:
    release = view.release
    with html.div().classes("panel-foot stack"):
        with html.div().classes("actions"):
            order_buttons(desk, release, view.offered, partial(_content, view))
            if any(option.verb is Verb.EDIT for option in view.offered):
                link_button("Edit", f"{ROOT}/releases/{release['id']}/edit", drawing="draft")
            if view.running.killing is not None:
                with html.span().classes("push actions"):
                    kill_buttons(desk, view.running.killing)
        why_not(view.offered)
        _whose_turn(view)


def _whose_turn(view: View) -> None:
    """What is next and not theirs: nobody should wonder why a button is not there."""
    group = view.release["group_id"]
    if group is not None:
        with html.p().classes("why"):
            html.a("Its group", href=f"{ROOT}/groups/{group}")
            html.span(" moves forward together; back it goes by itself.")
        return
    state, mine = State(view.release["state"]), {option.verb for option in view.offered}
    for verb in (Verb.SUBMIT, Verb.APPROVE, Verb.START, Verb.RAMP, Verb.RESUME):
        if verb in TRANSITIONS[state] and verb not in mine and RULES[verb].permission:
            roles = " or ".join(role.value.replace("_", " ") for role in roles_for(verb))
            more = ", who did not work on it" if verb is Verb.APPROVE else ""
            html.p(f"To {verb.value} it is for: {roles}{more}.").classes("why")


def _content(view: View) -> None:
    difference(view.content, view.approved, "What an approval is for")
    html.h3("Candidate beside stable")
    difference(view.candidate, view.stable, "Candidate beside stable", replaces=False)


def _approvals(release: dict[str, Any], same_hands: dict[str, list[str]]) -> None:
    if not release["approvals"]:
        empty(
            "Nobody has judged it yet", "An approver who did not work on it reads it and decides."
        )
    for each in release["approvals"]:
        with html.div().classes("approval"):
            badge("approved" if each["live"] else "void")
            with html.div():
                html.p(f"{each['person']}: {each['reason']}")
                with html.p().classes("quiet"):
                    moment(each["at"])
                    html.span(" · for content ")
                    html.code(each["content_digest"][:12])
                _same_hand(each["person"], same_hands.get(each["person"], []))
    with html.p().classes("quiet"):
        people = ", ".join(release["contributors"]) or "services only"
        html.span(f"Worked on it, and so may not approve it: {people}")


def _same_hand(person: str, givers: list[str]) -> None:
    """No reason to refuse the approval, but one to be told."""
    if givers:
        text = f"{' and '.join(givers)} could act as {person} and as an author: "
        html.p(f"{text}they lately gave both a role, a password or a key.").classes("quiet")


def _about(release: dict[str, Any]) -> None:
    version = release["candidate"]
    facts(
        {
            "Candidate": lambda: html.a(version, href=f"{ROOT}/versions/{version}").classes("mono"),
            "Author": release["author"],
            "Ticket": release["ticket"] or "none",
            "Drafted": spoken(release["created_at"]),
            "Last change": spoken(release["updated_at"]),
            "Starts": spoken(release["starts_at"]) if release["starts_at"] else "when told to",
            "Revision": str(release["revision"]),
            "Content": lambda: html.code(release["content_digest"][:16]),
            "Release": lambda: html.code(release["id"]),
        }
    )
