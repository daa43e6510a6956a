"""Every API key of persons and services: made, limited, rotated, revoked."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.head import head
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.key_table import key_rows, key_table
from control_plane.console.missing import not_yours
from control_plane.console.orders.key import ask_service_key
from control_plane.db import ReadSession
from control_plane.people import keys
from control_plane.principal import Permission, Principal


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    allowed: bool
    keys: tuple[dict[str, Any], ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/keys", title=title("API keys"), response_timeout=BUILD_WITHIN_S)
    async def every_key(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "API keys"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """Every key."""
    if Permission.PEOPLE not in principal.permissions:
        return View(allowed=False)
    return View(True, key_rows(keys.list_keys(session)))


def draw(desk: Desk, view: View) -> None:
    """All of them, newest first."""
    if not view.allowed:
        not_yours(Permission.PEOPLE)
        return
    text = (
        "What acts without a browser: scripts and services. Only a digest of a key is kept. A "
        "person's key is made on their page."
    )
    with head("API keys", text):
        button(
            "New key for a service…",
            partial(ask_service_key, desk),
            kind="primary",
            drawing="key",
            key="new-service-key",
        )
        html.a("My own keys", href=f"{ROOT}/me").classes("button")
    with html.section(**{"aria-label": "Keys"}).classes("panel"):
        key_table(desk, view.keys, whose=True)
