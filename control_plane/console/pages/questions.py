"""Auditors' questions: chosen, asked, answered on one page with an address of its own."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.audit.reads import record_read
from control_plane.console.answers import INQUIRIES, MOST, Inquiry
from control_plane.console.desk import Desk
from control_plane.console.elements.empty import empty
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.head import head
from control_plane.console.elements.notice import notice
from control_plane.console.elements.table import table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.seat import Attempt
from control_plane.errors import ControlPlaneError, ForbiddenError
from control_plane.parts import Parts
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_models

READ = Attempt(action=Action.REGISTER_READ, entity="register", permission=Permission.REGISTER_READ)
FIRST = "publishes"
Given = dict[str, str]


@dataclass(frozen=True)
class View:
    """The answer, or what is wrong with the question."""

    models: tuple[str, ...]
    rows: list[dict[str, Any]]
    problem: str = ""


def register() -> None:
    """Make the page known."""

    @ui.page("/questions", title=title("Questions"), response_timeout=BUILD_WITHIN_S)
    async def questions(client: Client) -> None:
        desk = Desk(client)
        given = {name: value.strip() for name, value in client.request.query_params.items()}
        what = given.get("what", "")
        inquiry = INQUIRIES.get(what) or INQUIRIES[FIRST]
        with frame(desk, "Audit", "Questions"):
            try:
                view = await desk.seat.call(READ, partial(load, desk.parts, inquiry, given))
            except ForbiddenError:
                not_yours(Permission.REGISTER_READ)
            else:
                draw(what if what in INQUIRIES else FIRST, given, view)
        await desk.look()


def load(parts: Parts, inquiry: Inquiry, given: Given, principal: Principal) -> View:
    """Ask it; that it was asked is recorded first, as by the API."""
    asked = {name: given[name] for name in inquiry.fields if given.get(name)}
    told = {"what": inquiry.name, **asked}
    record_read(parts.database, parts.reads, principal, Action.REGISTER_READ, told)
    with parts.database.read() as session:
        models = tuple(row.name for row in list_models(session))
        if "model" in inquiry.fields and not asked.get("model"):
            return View(models, [])
        try:
            return View(models, inquiry.ask(session, asked))
        except (ContractError, ControlPlaneError) as error:
            return View(models, [], str(error))


def draw(what: str, given: Given, view: View) -> None:
    """The questions, the fields of the chosen one, its answer."""
    inquiry = INQUIRIES[what]
    with head("Questions", "What auditors ask, answered from the register alone."):
        pass
    with html.nav(**{"aria-label": "Questions"}).classes("tabs"), html.ul():
        for name, each in INQUIRIES.items():
            here = {"aria-current": "true"} if name == what else {}
            with html.li():
                html.a(each.name, href=f"{ROOT}/questions?what={name}", **here)
    with html.section(**{"aria-label": inquiry.name}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2(inquiry.name)
        with html.div().classes("panel-body stack"):
            html.p(inquiry.words)
            _form(what, inquiry, given, view.models)
    with html.section(**{"aria-label": "Answer"}).classes("panel"):
        _answer(inquiry, given, view)


def _form(what: str, inquiry: Inquiry, given: Given, models: tuple[str, ...]) -> None:
    with html.form(method="get", action=f"{ROOT}/questions"), html.div().classes("filters"):
        html.input_(type="hidden", name="what", value=what, **{"aria-label": "Question"})
        for name in inquiry.fields:
            value = given.get(name, "")
            if name == "model":
                choice_field(name, "Model", [(m, m) for m in models], value=value)
            elif name == "permission":
                choices = [(each.value, each.value) for each in Permission]
                chosen = value or Permission.RELEASES_FORWARD.value
                choice_field(name, "Permission", choices, value=chosen)
            else:
                words = {"at": "At (UTC), empty: now", "since": "Since (UTC)"}
                label = words.get(name, "Until (UTC)")
                text_field(name, label, value=value, kind="datetime-local")
        with html.div().classes("actions"):
            html.button("Ask", type="submit").classes("button primary")


def _answer(inquiry: Inquiry, given: Given, view: View) -> None:
    with html.div().classes("panel-head"):
        html.h2("Answer")
        if len(view.rows) == MOST:
            html.span(f"the first {MOST}; ask for a shorter time").classes("quiet")
    if view.problem:
        with html.div().classes("panel-body"):
            notice(view.problem, "tone-orange", "warning")
    elif view.rows:
        table(inquiry.name, inquiry.columns, view.rows)
    elif "model" in inquiry.fields and not given.get("model"):
        empty("Not asked yet", "Choose a model, and a time unless you mean now.")
    else:
        empty("Nothing found", inquiry.nothing)
