"""The register: search it, look at one event, have it proved."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from nicegui import Client, html, ui

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.audit.queries import Question
from control_plane.audit.reads import record_read
from control_plane.audit.search import search
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.empty import empty
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.moment import moment
from control_plane.console.elements.notice import notice
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.proving import proof_panel
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal

PAGE = 50
READ = Attempt(action=Action.REGISTER_READ, entity="register", permission=Permission.REGISTER_READ)
FIELDS = ("actor", "action", "about", "model", "outcome", "since", "until", "before")
Filters = dict[str, str]
Event = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``problem``: what is wrong with the filters."""

    allowed: bool
    events: tuple[Event, ...] = ()
    problem: str = ""


def register() -> None:
    """Make the page known."""

    @ui.page("/audit", title=title("Audit"), response_timeout=BUILD_WITHIN_S)
    async def audit(client: Client) -> None:
        desk = Desk(client)
        given = client.request.query_params
        filters = {name: given[name].strip() for name in FIELDS if given.get(name, "").strip()}
        with frame(desk, "Audit", "Register"):
            if not await desk.seat.read(_may_read):
                not_yours(Permission.REGISTER_READ)
            else:
                await desk.seat.call(READ, partial(_note, desk, filters))
                _head()
                proof_panel(desk)
                _decision()
                _filters(filters)
                desk.live(partial(load, filters), partial(draw, filters))
        await desk.look()


def _note(desk: Desk, filters: Filters, principal: Principal) -> None:
    """That somebody looked, and at what, is recorded; that their page follows is not."""
    parts, asked = desk.parts, dict(filters)
    record_read(parts.database, parts.reads, principal, Action.REGISTER_READ, asked)


def _may_read(_: ReadSession, principal: Principal) -> bool:
    return Permission.REGISTER_READ in principal.permissions


def load(filters: Filters, session: ReadSession, principal: Principal) -> View:
    """The events that fit, newest first."""
    if not _may_read(session, principal):
        return View(allowed=False)
    try:
        before = filters.get("before", "")
        older = int(before) if before.isdecimal() else None
        found = search(session, _question(filters), before=older, limit=PAGE)
    except ContractError as error:
        return View(allowed=True, problem=str(error))
    events = ({"seq": each.seq, **(each.members or {})} for each in found)
    return View(allowed=True, events=tuple(events))


def _question(filters: Filters) -> Question:
    return Question(
        actor=filters.get("actor"),
        entity=filters.get("about"),
        model=filters.get("model"),
        action=filters.get("action"),
        outcome=filters.get("outcome"),
        since=_time(filters, "since"),
        until=_time(filters, "until"),
    )


def _time(filters: Filters, name: str) -> str | None:
    given = filters.get(name)
    if not given:
        return None
    # A browser's field says no offset: what is typed there is UTC.
    has_offset = given.endswith("Z") or "+" in given
    return clock.parse(given if has_offset else f"{given}Z", name)


def draw(filters: Filters, view: View) -> None:
    """The events, or why there are none."""
    with html.section(**{"aria-label": "Events"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Events")
            html.span("newest first, new ones appear by themselves").classes("quiet")
        if view.problem:
            with html.div().classes("panel-body"):
                notice(view.problem, "tone-orange", "warning")
        elif not view.events:
            empty(
                "No event fits", "Every change and every denied attempt is kept: widen the search."
            )
        else:
            table("Events, newest first", _COLUMNS, view.events)
    if len(view.events) == PAGE:
        older = filters | {"before": str(view.events[-1]["seq"])}
        html.a("Older events", href=f"{ROOT}/audit?{urlencode(older)}").classes("button")


def _head() -> None:
    with html.div().classes("page-head"), html.div():
        html.h1("Audit")
        html.p(
            "Every change and every denial, in the order they were committed: who, what, why, "
            "from where. Nothing here can be edited, and it can be proved."
        )


def _decision() -> None:
    """A decision is asked for by the id its caller was given."""
    sheet = html.section(**{"aria-label": "Decision"}).classes("panel")
    with sheet, html.form().classes("panel-body lookup") as form:
        text_field("wanted", "Evidence for one decision", placeholder="decision id")
        html.button("Show", type="submit").classes("button")
    form.on("submit", js_handler=f"(event) => signalbox.goTo(event, '{ROOT}/decisions/')")


def _filters(filters: Filters) -> None:
    actions = [("", "any"), *((a.value, a.value) for a in sorted(Action))]
    outcomes = [("", "any"), *((o.value, o.value) for o in Outcome)]
    sheet = html.section(**{"aria-label": "Search"}).classes("panel")
    form = {"method": "get", "action": f"{ROOT}/audit"}
    with sheet, html.form(**form).classes("panel-body"), html.div().classes("filters"):
        text_field("actor", "Who", value=filters.get("actor", ""))
        choice_field("action", "What", actions, value=filters.get("action", ""))
        text_field("model", "Model", value=filters.get("model", ""))
        entity = filters.get("about", "")
        text_field("about", "Entity", value=entity, placeholder="release:…")
        choice_field("outcome", "Outcome", outcomes, value=filters.get("outcome", ""))
        for name, label in (("since", "Since (UTC)"), ("until", "Until (UTC)")):
            text_field(name, label, value=filters.get(name, ""), kind="datetime-local")
        with html.div().classes("actions"):
            html.button("Search", type="submit").classes("button primary")
            if filters:
                html.a("Clear", href=f"{ROOT}/audit").classes("button")


def _number(event: Event) -> None:
    html.a(str(event["seq"]), href=f"{ROOT}/audit/{event['seq']}")


def _what(event: Event) -> None:
    html.code(event["action"])
    if event["outcome"] == Outcome.DENIED.value:
        html.span(" ")
        badge(Outcome.DENIED)


def _on(event: Event) -> None:
    subject, _, entity = event["entity"].partition(":")
    if subject == "release" and entity:
        html.a(f"release {entity[:13]}…", href=f"{ROOT}/releases/{entity}", title=event["entity"])
    else:
        html.span(event["entity"])


_COLUMNS = (
    Column[Event]("Event", _number),
    Column[Event]("When", lambda event: moment(event["at"])),
    Column[Event]("Who", lambda event: event["actor"]["id"]),
    Column[Event]("What", _what),
    Column[Event]("On", _on),
    Column[Event]("Why", lambda event: event["reason"] or ""),
)
