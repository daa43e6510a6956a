"""Shopify apps: whose signature opens which doors of the gateways, and where it is checked by."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from bentos.contract.shopify import MAX_LIVE_SECRETS
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.button import button
from control_plane.console.elements.empty import empty
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, frame, title
from control_plane.console.missing import not_yours
from control_plane.console.orders.shopify_app import Asking, ask_add
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.registry.service import public_models
from control_plane.shopify_apps import service

Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``models``: those a browser may reach."""

    allowed: bool
    apps: tuple[Row, ...] = ()
    models: tuple[str, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/shopify-apps", title=title("Shopify apps"), response_timeout=BUILD_WITHIN_S)
    async def shopify_apps(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "Shopify apps"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """All apps, by client id."""
    if Permission.CALLERS not in principal.permissions:
        return View(allowed=False)
    apps = tuple(map(service.app_view, service.list_apps(session)))
    return View(True, apps, tuple(sorted(public_models(session))))


def draw(desk: Desk, view: View) -> None:
    """A line for each."""
    if not view.allowed:
        not_yours(Permission.CALLERS)
        return
    text = (
        "What Shopify signs with an app's secret comes in: calls of the theme and the checkout to "
        "the gateways, webhooks to the ingress. The secret itself stays on their machines."
    )
    with head("Shopify apps", text):
        button(
            "New Shopify app…",
            partial(ask_add, desk, view.models),
            kind="primary",
            drawing="plus",
            key="new-shopify-app",
        )
    with html.section(**{"aria-label": "Shopify apps"}).classes("panel"):
        if view.apps:
            table("Shopify apps", _columns(desk, view), view.apps)
        else:
            empty(
                "No app opens a door yet",
                "Put the app's client secret where each gateway and the ingress read it, then add "
                "the app by its client id:",
                'install -m 600 /dev/stdin "$SIGNALBOX_HOME/keys/shopify.secret"',
            )


def _columns(desk: Desk, view: View) -> tuple[Column[Row], ...]:
    return (
        Column("App", _app),
        Column("Secret", _secrets),
        Column("Reaches", partial(_reached, view)),
        Column("At most", lambda row: f"{row['rate']:,} a second" if row["rate"] else "no limit"),
        Column("Set", _set),
        Column("", partial(_acts, desk, view.models)),
    )


def _app(row: Row) -> None:
    html.p(row["domain"]).classes("strong")
    html.code(row["client_id"])


def _secrets(row: Row) -> None:
    for each in row["secrets"]:
        with html.p():
            html.code(each)
    if len(row["secrets"]) == MAX_LIVE_SECRETS:
        badge("rotating")


def _reached(view: View, row: Row) -> None:
    html.p(f"Proxy: {_models(view, 'proxy_models', row)}")
    html.p(f"Checkout: {_models(view, 'checkout_models', row)}")


def _models(view: View, door: str, row: Row) -> str:
    names = (
        name if name in view.models else f"{name} (closed: no longer public)" for name in row[door]
    )
    return ", ".join(names) or "none"


def _set(row: Row) -> None:
    moment(row["set_at"])
    html.p(f"by {row['set_by']}").classes("quiet")


def _acts(desk: Desk, models: tuple[str, ...], row: Row) -> None:
    asking = Asking(desk, row)
    rotation = ("Rotate…", asking.rotate)
    if len(row["secrets"]) == MAX_LIVE_SECRETS:
        rotation = ("End rotation…", asking.end_rotation)
    with html.div().classes("actions end"):
        for text, act, kind in (
            ("Change…", partial(asking.change, models), "small"),
            (*rotation, "small"),
            ("Remove…", asking.remove, "small stop"),
        ):
            label = f"{text.rstrip('…')} {row['client_id']}"
            button(text, act, kind=kind, key=f"{row['client_id']}-{text}", label=label)
