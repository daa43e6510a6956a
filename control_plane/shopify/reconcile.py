"""Orders read again through the Admin API: what was delivered to nobody is found here.

From where the last run came to, with an overlap, as ``updated_at`` is a second's and replicas lag.
Each order goes through the same door as a delivery of it; what is known already changes nothing.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from control_plane import clock
from control_plane.shopify import effects, erased, outcomes
from control_plane.shopify.admin import Admin
from control_plane.shopify.apps import App
from control_plane.shopify.codes import code_of
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.kept import Line, Order, gid_number, microseconds
from control_plane.shopify.metrics import Metrics
from control_plane.shopify.place import Place
from control_plane.shopify.subjects import CUSTOMER, Name

CURSOR = "orders_updated"
FIRST_DAYS = 60
"""Shopify shows no older orders without read_all_orders."""
OVERLAP = timedelta(minutes=5)
BATCH = 50


def reconcile(admin: Admin, app: App, writer: InboxWriter, name: Name, metrics: Metrics) -> int:
    """Read what was updated since the last run; how many orders had been missed."""
    since = writer.write(lambda inbox: _since(inbox, app.domain))
    healed, batch = 0, list[dict[str, Any]]()
    for node in admin.orders_since(since):
        batch.append(node)
        if len(batch) >= BATCH:
            healed += _take(batch, app, writer, name, metrics)
            batch = []
    return healed + (_take(batch, app, writer, name, metrics) if batch else 0)


def order_of(node: dict[str, Any], name: Name) -> Order:
    """An order of ``orders_page`` as a delivery would have told it.

    The Admin API tells times in UTC; the shop's own zone is learnt from deliveries.
    """
    customer = node.get("customer")
    return Order(
        id=gid_number(node["id"]),
        created_us=_moment(node["createdAt"]),
        updated_us=_moment(node["updatedAt"]),
        offset_s=0,
        customer=None if customer is None else name(CUSTOMER, str(gid_number(customer["id"]))),
        lines=tuple(_line(each) for each in node["lineItems"]["nodes"] if each["quantity"] > 0),
        currency=node.get("currencyCode"),
        cancelled_us=_moment(node["cancelledAt"]) if node.get("cancelledAt") else None,
        cancel_reason=code_of("cancel_reason", node.get("cancelReason")),
        financial_status=code_of("financial_status", node.get("displayFinancialStatus")),
        fulfillment_status=code_of("fulfillment_status", node.get("displayFulfillmentStatus")),
        test=bool(node.get("test")),
    )


def _take(
    nodes: list[dict[str, Any]], app: App, writer: InboxWriter, name: Name, metrics: Metrics
) -> int:
    place = Place(app.domain, app.shop, clock.now())
    orders = [order_of(node, name) for node in nodes]
    found = writer.write(_writing(place, orders, nodes[-1]["updatedAt"], name))
    for is_new in found:
        metrics.reconciled("healed" if is_new else "known")
    return sum(found)


def _writing(
    place: Place, orders: list[Order], reached: str, name: Name
) -> Callable[[sqlite3.Connection], list[bool]]:
    def write(inbox: sqlite3.Connection) -> list[bool]:
        found = [_heal(inbox, place, order, name) for order in orders]
        inbox.execute(
            "INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (place.domain, CURSOR, reached)
        )
        return found

    return write


def _heal(inbox: sqlite3.Connection, place: Place, order: Order, name: Name) -> bool:
    """Whether nothing so new of it had been delivered."""
    known = inbox.execute(
        "SELECT updated_us, offset_s FROM shop_order WHERE domain = ? AND id = ?",
        (place.domain, order.id),
    ).fetchone()
    if erased.covers(inbox, place.domain, name, order):
        return False
    # Deliveries tell whole seconds.
    if known is not None and known["updated_us"] // 1_000_000 >= order.updated_us // 1_000_000:
        return False
    offset = known["offset_s"] if known is not None else _offset(inbox, place.domain)
    order = msgspec.structs.replace(order, offset_s=offset)
    effects.put_order(inbox, place, order)
    outcomes.cancellation(inbox, place, order)
    return True


def _offset(inbox: sqlite3.Connection, domain: str) -> int:
    """Of the shop's zone, as its latest delivered order had it; 0 before there is one."""
    row = inbox.execute(
        "SELECT offset_s FROM shop_order WHERE domain = ? AND offset_s != 0"
        " ORDER BY created_us DESC LIMIT 1",
        (domain,),
    ).fetchone()
    return 0 if row is None else int(row[0])


def _since(inbox: sqlite3.Connection, domain: str) -> str:
    row = inbox.execute(
        "SELECT value FROM cursor WHERE domain = ? AND name = ?", (domain, CURSOR)
    ).fetchone()
    if row is None:
        return clock.later(-FIRST_DAYS * 86_400.0)
    return clock.to_text(datetime.fromisoformat(row["value"]) - OVERLAP)


def _line(node: dict[str, Any]) -> Line:
    listed = node["originalUnitPriceSet"]["shopMoney"]["amount"]
    paid = node["discountedUnitPriceAfterAllDiscountsSet"]["shopMoney"]["amount"]
    product, variant = node.get("product"), node.get("variant")
    return Line(
        product=None if product is None else gid_number(product["id"]),
        variant=None if variant is None else gid_number(variant["id"]),
        quantity=node["quantity"],
        unit_price=float(Decimal(paid)),
        list_price=float(Decimal(listed)),
    )


def _moment(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))
