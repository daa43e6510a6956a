"""One decision: what a caller was answered, by which version, on whose word, and its evidence."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.register import Action
from bentos.contract.route import BUCKETS
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.empty import empty
from control_plane.console.elements.facts import facts
from control_plane.console.elements.moment import spoken
from control_plane.console.elements.panel import panel
from control_plane.console.elements.share import percent
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.rerun import rerun_button
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession
from control_plane.decisions import service
from control_plane.errors import ForbiddenError, NotFoundError
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_versions

API = "/api/v1/decisions"


@dataclass(frozen=True)
class View:
    """All that this page shows. ``absent``: why there is no decision to show."""

    decision: dict[str, Any] | None
    absent: str
    may_prove: bool
    may_see_personal: bool
    versions: tuple[str, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/decisions/{decision_id}", title=title("Decision"), response_timeout=BUILD_WITHIN_S)
    async def decision(client: Client, decision_id: str) -> None:
        desk = Desk(client)
        entity = f"decision:{decision_id}"
        attempt = Attempt(
            action=Action.DECISION_READ, entity=entity, permission=Permission.DECISIONS_READ
        )
        with frame(desk, "Audit", "Register"):
            try:
                view = await desk.seat.call(attempt, partial(load, desk, decision_id))
            except ForbiddenError:
                not_yours(Permission.DECISIONS_READ)
            else:
                draw(desk, decision_id, view)
        await desk.look()


def load(desk: Desk, decision_id: str, principal: Principal) -> View:
    """The public part; what is about a person is another permission's, and recorded."""
    parts = desk.parts
    with parts.database.read() as session:
        shown, absent = _found(desk, session, decision_id)
        rows = list_versions(session, shown["model"]) if shown else []
    return View(
        decision=shown,
        absent=absent,
        may_prove=Permission.REGISTER_READ in principal.permissions,
        may_see_personal=Permission.DECISIONS_PERSONAL in principal.permissions,
        versions=tuple(row.version for row in reversed(rows)),
    )


def _found(desk: Desk, session: ReadSession, decision_id: str) -> tuple[dict[str, Any] | None, str]:
    store = desk.parts.decisions
    try:
        row = service.require(store, session, decision_id)
    except NotFoundError as error:
        return None, error.detail
    return service.show(store, row, personal=False), ""


def draw(desk: Desk, decision_id: str, view: View) -> None:
    """What was decided, on whose word, and how to prove it."""
    with html.div().classes("page-head"), html.div():
        with html.p().classes("crumb"):
            html.a("Audit", href=f"{ROOT}/audit")
        html.h1("Decision")
        html.code(decision_id)
    decision = view.decision
    if decision is None:
        with html.section().classes("panel"):
            empty("It is not here", view.absent)
        return
    with html.div().classes("columns"):
        with html.div().classes("stack"):
            with panel("What was decided"):
                _decided(decision)
            with html.details().classes("panel panel-body"):
                html.summary("Its public part, as it is hashed and recorded")
                html.pre(json.dumps(decision, indent=1, default=str)).classes("raw")
        with html.div().classes("stack"):
            with panel("On whose word"):
                _word(decision)
            if view.may_see_personal:
                with panel("Counterfactual"):
                    html.p("What would it have been: now, by another version, for other inputs?")
                    rerun_button(desk, decision_id, view.versions)
            if view.may_prove:
                with panel("Evidence"):
                    _evidence(decision_id, view)


def _decided(decision: dict[str, Any]) -> None:
    with html.div().classes("actions"):
        variant = decision["variant"] or ""
        if variant in ("stable", "canary"):
            badge(variant)
        html.code(decision["served_version"] or "nobody")
    facts(
        {
            "Model": decision["model"],
            "When": spoken(decision["at"])
            if isinstance(decision["at"], str)
            else str(decision["at"]),
            "Assigned": decision["assigned_version"] or "none",
            "Reason": decision["reason"],
            "Status": str(decision["status"]),
            "Bucket": _bucket(decision["bucket"]),
            "Took": f"{decision['latency_us']['total']:,} µs",
            "Gateway": f"{decision['gateway']}, number {decision['seq']} of {decision['boot']}",
            "Commitment": lambda: html.code(decision["commitment"]),
        }
    )


def _bucket(bucket: int | None) -> str:
    return "none" if bucket is None else f"{bucket} of {BUCKETS:,} (at {percent(bucket)})"


def _word(decision: dict[str, Any]) -> None:
    release = decision["release_id"]
    version = decision["served_version"]
    facts(
        {
            "Revision": str(decision["revision"]),
            "Release": (lambda: html.a(release, href=f"{ROOT}/releases/{release}"))
            if release
            else "none: stable serves without one",
            "Step": str(decision["step"]),
            "Version": (lambda: html.a(version, href=f"{ROOT}/versions/{version}"))
            if version
            else "none",
        }
    )


def _evidence(decision_id: str, view: View) -> None:
    html.p(
        "Decision, route and rule, release, approvals, manifest and their proofs, as one file "
        "that verifies offline with two public keys. Reading it is recorded."
    )
    address = f"{API}/{decision_id}/evidence"
    with html.div().classes("actions"):
        html.a("Evidence file", href=address, download="").classes("button")
        if view.may_see_personal:
            html.a("With its personal part", href=f"{address}?personal=true", download="").classes(
                "button"
            )
