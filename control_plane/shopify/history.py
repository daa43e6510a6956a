"""What the inbox knows about an order and what came before it: the fraud loop's history.

It reaches back to the first start of the ingress, and to what the reconcile job read then; the
online feature store is refreshed nightly, which is too late for "orders within the last hour".
"""

import sqlite3

from control_plane.shopify.order_features import PastOrder, PlacedOrder, SoldLine


def placed_order(inbox: sqlite3.Connection, domain: str, order_id: int) -> PlacedOrder | None:
    """The order with its past; None where it is not known. Test orders are nobody's past."""
    order = inbox.execute(
        "SELECT * FROM shop_order WHERE domain = ? AND id = ?", (domain, order_id)
    ).fetchone()
    if order is None:
        return None
    lines = inbox.execute(
        "SELECT * FROM order_line WHERE domain = ? AND order_id = ? ORDER BY number",
        (domain, order_id),
    ).fetchall()
    return PlacedOrder(
        at_us=order["created_us"],
        offset_s=order["offset_s"],
        lines=[
            SoldLine(
                quantity=line["quantity"],
                unit_price=line["unit_price"],
                list_price=line["list_price"],
                product=line["product"],
                is_first=_is_first(inbox, order, line["product"]),
                sold_before=_sold_before(inbox, order, line["product"]),
            )
            for line in lines
        ],
        past=None if order["customer"] is None else _past(inbox, order),
    )


def _past(inbox: sqlite3.Connection, order: sqlite3.Row) -> list[PastOrder]:
    rows = inbox.execute(
        "SELECT created_us, amount, items FROM shop_order WHERE domain = ? AND customer = ?"
        " AND created_us < ? AND test = 0 AND items > 0 ORDER BY created_us",
        (order["domain"], order["customer"], order["created_us"]),
    )
    return [PastOrder(row["created_us"], row["amount"], row["items"]) for row in rows]


def _is_first(inbox: sqlite3.Connection, order: sqlite3.Row, product: int | None) -> bool:
    """Asked through the customer's orders, which are few."""
    if order["customer"] is None or product is None:
        return True
    row = inbox.execute(
        "SELECT 1 FROM shop_order AS o JOIN order_line AS l ON l.domain = o.domain"
        " AND l.order_id = o.id WHERE o.domain = ? AND o.customer = ? AND o.created_us < ?"
        " AND o.test = 0 AND l.product = ? LIMIT 1",
        (order["domain"], order["customer"], order["created_us"], product),
    ).fetchone()
    return row is None


def _sold_before(inbox: sqlite3.Connection, order: sqlite3.Row, product: int | None) -> int:
    if product is None:
        return 0
    row = inbox.execute(
        "SELECT count(*) FROM order_line WHERE domain = ? AND product = ? AND created_us < ?"
        " AND test = 0",
        (order["domain"], product, order["created_us"]),
    ).fetchone()
    return int(row[0])
