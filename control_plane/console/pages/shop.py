"""The shop at a glance: what last night came to, what may be learnt, what the law waits for."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.training_consent import Purpose, Use
from control_plane.consents import service as consents
from control_plane.consents.withdrawn import serving_withdrawn
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import Value, facts
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.notice import notice
from control_plane.console.elements.panel import panel
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.consent import USES, ask_consent, ask_withdraw
from control_plane.db import ReadSession
from control_plane.nights import service as nights
from control_plane.principal import Permission, Principal
from control_plane.redactions import service as redactions
from control_plane.shopify_apps.service import list_apps

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``due``: when each open law request is, None if not theirs."""

    allowed: bool
    may_write: bool = False
    shops: tuple[str, ...] = ()
    night: Row | None = None
    good: Row | None = None
    consents: tuple[Row, ...] = ()
    without: tuple[str, ...] = ()
    due: tuple[str, ...] | None = None


def register() -> None:
    """Make the page known."""

    @ui.page("/shop", title=title("Shop"), response_timeout=BUILD_WITHIN_S)
    async def shop(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Privacy", "Shop"):
            desk.live(partial(load, desk), partial(draw, desk))
        await desk.look()


def load(desk: Desk, session: ReadSession, principal: Principal) -> View:
    """Everything from one snapshot."""
    if Permission.CONSENTS_READ not in principal.permissions:
        return View(allowed=False)
    name = desk.parts.settings.shop
    return View(
        allowed=True,
        may_write=Permission.CONSENTS_WRITE in principal.permissions,
        shops=tuple(app.domain for app in list_apps(session) if app.shop == name),
        night=nights.newest(session),
        good=nights.last_good(session),
        consents=tuple(_consent(session, name, p, u) for p in Purpose for u in Use),
        without=tuple(serving_withdrawn(session)),
        due=_due(session, principal),
    )


def _consent(session: ReadSession, shop: str, purpose: Purpose, use: Use) -> Row:
    row = consents.in_force(session, shop, purpose.value, use.value)
    found = None if row is None else consents.consent_view(row)
    return {"purpose": purpose.value, "use": use, "consent": found}


def _due(session: ReadSession, principal: Principal) -> tuple[str, ...] | None:
    if Permission.REDACTIONS_READ not in principal.permissions:
        return None
    rows = redactions.list_requests(session, is_open=True)
    return tuple(sorted(row.due_at for row in rows))


def draw(desk: Desk, view: View) -> None:
    """Last night, the law, then consents."""
    if not view.allowed:
        not_yours(Permission.CONSENTS_READ)
        return
    with head("Shop", "What last night came to, what may be learnt from, what the law waits for."):
        if view.may_write:
            button("Record a consent…", partial(ask_consent, desk), key="consent")
    for version in view.without:
        text = f"{version} serves, and the consent it was trained under is withdrawn."
        with notice(text, "tone-orange", "warning"):
            html.p("Train and release another, or roll back.").classes("quiet")
    with html.div().classes("columns"):
        with html.div().classes("stack"), panel("Last night") as push:
            _night(view, push)
        with html.div().classes("stack"), panel("Connected shop"):
            facts(_connected(view))
    with html.section(**{"aria-label": "Consents"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Consents")
        table("Consents of the merchant", _columns(desk, view), view.consents)


def _night(view: View, push: html.div) -> None:
    night = view.night
    if night is None:
        empty("No night has reported yet", "python -m training schedule runs one every night.")
        return
    with push:
        badge(f"night_{night['outcome']}")
    known: dict[str, Value] = {"Ended": partial(moment, night["ended_at"])}
    for model in night["models"]:
        known[model["model"]] = partial(_model, model)
    if night["outcome"] != nights.DONE and view.good is not None:
        known["Last good night"] = partial(moment, view.good["ended_at"])
    for gone in night["let_go"]:
        known[f"Let go of {gone['place']}"] = partial(_gone, gone)
    if night["held"] is not None:
        known["Let go"] = f"no dataset and no order lines: {night['held']}"
    facts(known)
    if night["outcome"] == "stopped":
        with notice("The orders were not fit to learn from.", "tone-orange", "warning"):
            for each in night["problems"]:
                html.p(_problem(each))
            text = f"Which rows, lake/runs/nightly/{night['id']}.json shows. What served goes on."
            html.p(text).classes("quiet")


def _model(model: Row) -> None:
    if model["version"] is None:
        html.span("no new version; what serves goes on")
        return
    html.a(model["version"], href=f"{ROOT}/versions/{model['version']}")
    html.span(f" {model['state']}").classes("quiet")


def _gone(gone: Row) -> None:
    days = "" if gone["days"] is None else f" = {gone['days']:g} days"
    html.span(f"{gone['count']:,} ")
    html.span(f"by {gone['rule']}{days}").classes("quiet")


def _problem(problem: Row) -> str:
    if problem["check"] is None:
        return f"{problem['step']} failed"
    where = f" in {problem['column']}" if problem["column"] else ""
    return f"{problem['check']}{where}"


def _connected(view: View) -> dict[str, Value]:
    synced = None if view.night is None else view.night["synced_at"]
    known: dict[str, Value] = {
        "Shop": ", ".join(view.shops) or "none: signalbox shopify set",
        "Orders last read": "no night read a shop" if synced is None else partial(moment, synced),
    }
    if view.due is not None:
        known["Law requests open"] = partial(_law, view.due)
    return known


def _law(due: tuple[str, ...]) -> None:
    if not due:
        html.span("none")
        return
    html.span(f"{len(due)}, the most urgent is due ")
    moment(due[0])


def _columns(desk: Desk, view: View) -> tuple[Column[Row], ...]:
    shown: tuple[Column[Row], ...] = (
        Column("For", lambda row: row["purpose"]),
        Column("To", lambda row: USES[row["use"]]),
        Column("State", _state),
        Column("Text", lambda row: _of(row, "text_version")),
        Column("Given by", lambda row: _of(row, "given_by")),
        Column("Given", _given),
    )
    return (*shown, Column("", partial(_withdraw, desk))) if view.may_write else shown


def _state(row: Row) -> None:
    badge("consented" if row["consent"] else "no_consent")


def _of(row: Row, name: str) -> str:
    return row["consent"][name] if row["consent"] else "–"


def _given(row: Row) -> str | None:
    if row["consent"] is None:
        return "–"
    moment(row["consent"]["given_at"])
    return None


def _withdraw(desk: Desk, row: Row) -> None:
    if row["consent"] is not None:
        key = f"withdraw-{row['purpose']}-{row['use'].value}"
        button("Withdraw…", partial(ask_withdraw, desk, row["consent"]), kind="small stop", key=key)
