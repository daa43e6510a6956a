"""SDK keys: who outside may read which models' routes."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.sdk_key import ask_revoke_sdk_key, ask_sdk_key
from control_plane.db import ReadSession
from control_plane.growthbook import service
from control_plane.principal import Permission, Principal
from control_plane.registry.service import list_models

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``models``: names, and names with their visibility."""

    allowed: bool
    keys: tuple[Row, ...] = ()
    models: tuple[tuple[str, str], ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/sdk-keys", title=title("SDK keys"), response_timeout=BUILD_WITHIN_S)
    async def sdk_keys(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "SDK keys"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """All keys, newest first."""
    if Permission.SDK_KEYS not in principal.permissions:
        return View(allowed=False)
    rows = reversed(service.list_sdk_keys(session))
    words = {"public": "public", "server": "server only"}
    models = (
        (row.name, f"{row.name}, {words.get(row.visibility, row.visibility)}")
        for row in list_models(session)
    )
    return View(True, tuple(map(service.key_view, rows)), tuple(models))


def draw(desk: Desk, view: View) -> None:
    """A line for each."""
    if not view.allowed:
        not_yours(Permission.SDK_KEYS)
        return
    text = (
        "With one of these a GrowthBook or OpenFeature SDK outside sees the same variants as the "
        "gateways, of the models the key names and no others."
    )
    with head("SDK keys", text):
        button(
            "New SDK key…",
            partial(ask_sdk_key, desk, view.models),
            kind="primary",
            drawing="plus",
            key="new-sdk-key",
        )
    with html.section(**{"aria-label": "SDK keys"}).classes("panel"):
        if view.keys:
            table("SDK keys, newest first", _columns(desk), view.keys)
        else:
            empty(
                "Nobody outside reads routes",
                "A theme that draws by variant needs a public key, a server of yours a server key. "
                "An SDK takes this control plane as its API host:",
                'new GrowthBook({ apiHost: "https://signalbox.example", clientKey: "sdk-…" })',
            )


def _columns(desk: Desk) -> tuple[Column[Row], ...]:
    def acts(row: Row) -> None:
        if row["revoked_at"]:
            return
        with html.div().classes("actions end"):
            button(
                "Revoke…",
                partial(ask_revoke_sdk_key, desk, row["id"], row["name"]),
                kind="small stop",
                key=f"{row['id']}-revoke",
                label=f"Revoke {row['name']}",
            )

    return (
        Column("Name", lambda row: row["name"], "strong"),
        Column("Id", lambda row: _code(row["id"])),
        Column("Kind", lambda row: badge(row["kind"])),
        Column("May see", _models),
        Column("State", lambda row: badge("revoked" if row["revoked_at"] else "active")),
        Column("Made", _made),
        Column("", acts),
    )


def _code(text: str) -> None:
    html.code(text)


def _models(row: Row) -> str:
    return "every model" if service.ALL_MODELS in row["models"] else ", ".join(row["models"])


def _made(row: Row) -> None:
    moment(row["created_at"])
    html.p(f"by {row['created_by']}").classes("quiet")
