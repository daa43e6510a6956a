"""Webhooks: who outside is told of what, whether they are reached, and dead letters."""

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
from control_plane.console.orders import webhook as orders
from control_plane.db import ReadSession
from control_plane.paging import Listing
from control_plane.principal import Permission, Principal
from control_plane.webhooks import deliveries, service
from control_plane.webhooks.delivery_state import DeliveryState

SHOWN = 100
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows. ``dead``: what did not arrive, newest first."""

    allowed: bool
    webhooks: tuple[Row, ...] = ()
    dead: tuple[Row, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/webhooks", title=title("Webhooks"), response_timeout=BUILD_WITHIN_S)
    async def webhooks(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Access", "Webhooks"):
            desk.live(load, partial(draw, desk))
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """All webhooks, and the newest dead letters."""
    if Permission.WEBHOOKS not in principal.permissions:
        return View(allowed=False)
    rows = (service.webhook_view(session, row) for row in service.list_webhooks(session))
    asked = deliveries.Asked(state=DeliveryState.DEAD)
    return View(
        True, tuple(rows), tuple(deliveries.list_deliveries(session, asked, Listing(SHOWN))[:SHOWN])
    )


def draw(desk: Desk, view: View) -> None:
    """Subscriptions on top, dead letters below."""
    if not view.allowed:
        not_yours(Permission.WEBHOOKS)
        return
    text = (
        "Who outside is told of releases, kills and all else in the register: signed, tried again "
        "for hours, and what still did not arrive is kept as dead letters."
    )
    with head("Webhooks", text):
        button(
            "New webhook…",
            partial(orders.ask_webhook, desk),
            kind="primary",
            drawing="plus",
            key="new-webhook",
        )
    with html.section(**{"aria-label": "Webhooks"}).classes("panel"):
        if view.webhooks:
            table("Webhooks", _columns(desk), view.webhooks)
        else:
            empty(
                "Nobody is told yet",
                "A chat, a pager or a deployment learns of a kill the moment it is set: subscribe "
                "its address to kill.set, or to release.* for every step of a release.",
            )
    if view.dead:
        names = {row["id"]: row["name"] for row in view.webhooks}
        with html.section(**{"aria-label": "Dead letters"}).classes("panel"):
            with html.div().classes("panel-head"):
                html.h2("Dead letters")
            table("Dead letters, newest first", _dead_columns(desk, names), view.dead)


def _columns(desk: Desk) -> tuple[Column[Row], ...]:
    return (
        Column("Name", lambda row: row["name"], "strong"),
        Column("Address", lambda row: row["url"]),
        Column("Events", lambda row: ", ".join(row["events"])),
        Column("State", _state),
        Column("Last reached", _reached),
        Column("", partial(_acts, desk)),
    )


def _state(row: Row) -> None:
    if row["disabled_at"]:
        badge("disabled")
        html.p(row["disabled_reason"] or "").classes("quiet")
    else:
        badge("unreached" if row["failing_since"] else "active")


def _reached(row: Row) -> str | None:
    if row["last_success_at"] is None:
        return "never"
    moment(row["last_success_at"])
    return None


def _acts(desk: Desk, row: Row) -> None:
    name = row["name"]
    with html.div().classes("actions end"):
        if row["disabled_at"]:
            act = partial(orders.enable, desk, row)
            button("Switch on", act, kind="small", key=f"{row['id']}-on", label=f"Switch on {name}")
            return
        for text, act, kind in (
            ("Test", partial(orders.send_test, desk, row), "small"),
            ("Rotate…", partial(orders.ask_rotate_secret, desk, row), "small"),
            ("Switch off…", partial(orders.ask_disable_webhook, desk, row), "small stop"),
        ):
            label = f"{text.rstrip('…')} {name}"
            button(text, act, kind=kind, key=f"{row['id']}-{text}", label=label)


def _dead_columns(desk: Desk, names: dict[str, str]) -> tuple[Column[Row], ...]:
    def acts(row: Row) -> None:
        with html.div().classes("actions end"):
            button(
                "Send again",
                partial(orders.redeliver, desk, row),
                kind="small",
                key=f"{row['id']}-again",
                label=f"Send again {row['type']}",
            )

    return (
        Column("Event", lambda row: row["type"]),
        Column("To", lambda row: names.get(row["webhook_id"], row["webhook_id"])),
        Column("Made", lambda row: moment(row["created_at"])),
        Column("Tries", lambda row: str(row["attempts"]), "number"),
        Column("Why", lambda row: row["note"] or ""),
        Column("", acts),
    )
