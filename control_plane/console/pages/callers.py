"""Who may call the gateway: their keys, what each may ask for, how often."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane import clock
from control_plane.callers import service
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.caller import ask_caller, ask_revoke_caller
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_models

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    allowed: bool
    callers: tuple[Row, ...] = ()
    models: tuple[str, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/callers", title=title("Callers"), response_timeout=BUILD_WITHIN_S)
    async def callers(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "Callers"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """All callers, newest first."""
    if Permission.CALLERS not in principal.permissions:
        return View(allowed=False)
    rows = reversed(service.list_callers(session))
    models = (row.name for row in list_models(session))
    return View(True, tuple(map(service.caller_view, rows)), tuple(models))


def draw(desk: Desk, view: View) -> None:
    """A line for each."""
    if not view.allowed:
        not_yours(Permission.CALLERS)
        return
    text = (
        "Who may ask the gateways for predictions. A key is in force within a second, in every "
        "gateway, and its end too; only a digest is kept."
    )
    with head("Callers", text):
        button(
            "New caller…",
            partial(ask_caller, desk, view.models),
            kind="primary",
            drawing="plus",
            key="new-caller",
        )
    with html.section(**{"aria-label": "Callers"}).classes("panel"):
        if view.callers:
            table("Callers, newest first", _columns(desk), view.callers)
        else:
            empty(
                "Nobody may call yet",
                "Checkout and storefront call with a key of their own each, so that one can be "
                "revoked without the other. A call looks like this:",
                'curl -H \'Authorization: Bearer KEY\' --json \'{"targeting_key": "…", '
                '"instances": […]}\' \\\n  http://127.0.0.1:8080/v1/models/fraud:predict',
            )


def _columns(desk: Desk) -> tuple[Column[Row], ...]:
    def acts(row: Row) -> None:
        if _state(row) != "active":
            return
        with html.div().classes("actions end"):
            button(
                "Revoke…",
                partial(ask_revoke_caller, desk, row["id"], row["name"]),
                kind="small stop",
                key=f"{row['id']}-revoke",
                label=f"Revoke {row['name']}",
            )

    return (
        Column("Caller", _caller),
        Column("May ask for", lambda row: _models(row["models"])),
        Column("May do", lambda row: ", ".join(row["scopes"])),
        Column("At most", lambda row: f"{row['rate']:,} a second" if row["rate"] else "no limit"),
        Column("State", lambda row: badge(_state(row))),
        Column("Ends", _ends),
        Column("Made", _made),
        Column("", acts),
    )


def _caller(row: Row) -> None:
    html.p(row["name"]).classes("strong")
    html.code(f"sbx_{row['id']}_…")
    if row["origins"] is not None:
        html.p(f"publishable, for {', '.join(row['origins'])}").classes("quiet")


def _models(models: list[str]) -> str:
    return "every model" if models == [service.ALL_MODELS] else ", ".join(models)


def _state(row: Row) -> str:
    if row["revoked_at"]:
        return "revoked"
    return "expired" if row["expires_at"] and row["expires_at"] <= clock.now() else "active"


def _ends(row: Row) -> str | None:
    if row["expires_at"] is None:
        return "never"
    moment(row["expires_at"])
    return None


def _made(row: Row) -> None:
    moment(row["created_at"])
    html.p(f"by {row['created_by']}").classes("quiet")
