"""What becomes of orders, products and stock: the newest state, whatever order it came in.

Each returns False for what is older than what is known, and may be given the same thing twice.
"""

import sqlite3

from control_plane import clock
from control_plane.shopify.kept import Bulk, Inventory, Order, Product
from control_plane.shopify.place import Place

ASSESS_WITHIN_S = 48 * 3600.0
"""An order that is heard of later than this after it was placed is history, not news."""
DELETED = "deleted"


def put_order(connection: sqlite3.Connection, place: Place, order: Order) -> bool:
    """Write the order and its lines; a new one is queued for its assessment."""
    known = connection.execute(
        "SELECT updated_us FROM shop_order WHERE domain = ? AND id = ?", (place.domain, order.id)
    ).fetchone()
    if known is not None and known["updated_us"] > order.updated_us:
        return False
    connection.execute(
        "INSERT OR REPLACE INTO shop_order VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            place.domain,
            order.id,
            place.shop,
            order.updated_us,
            order.created_us,
            order.offset_s,
            order.customer,
            sum(line.unit_price * line.quantity for line in order.lines),
            sum(line.quantity for line in order.lines),
            order.currency,
            order.cancelled_us,
            order.cancel_reason,
            order.financial_status,
            order.fulfillment_status,
            order.test,
        ),
    )
    _put_lines(connection, place, order)
    if known is None and _is_news(place, order):
        connection.execute(
            "INSERT OR IGNORE INTO assessment (domain, order_id, state, queued_at, due_at)"
            " VALUES (?, ?, 'queued', ?, ?)",
            (place.domain, order.id, place.heard_at, place.heard_at),
        )
    return True


def put_product(
    connection: sqlite3.Connection, place: Place, product: Product, *, gone: bool
) -> bool:
    """A deleted product's body has no time, and its number is never used again."""
    far = 2**62
    updated = far if gone else product.updated_us or 0
    status = DELETED if gone else product.status
    cursor = connection.execute(
        "INSERT INTO product VALUES (?, ?, ?, ?) ON CONFLICT (domain, id) DO UPDATE"
        " SET updated_us = excluded.updated_us, status = excluded.status"
        " WHERE excluded.updated_us >= product.updated_us",
        (place.domain, product.id, updated, status),
    )
    return cursor.rowcount == 1


def put_inventory(connection: sqlite3.Connection, place: Place, level: Inventory) -> bool:
    """How many are there."""
    cursor = connection.execute(
        "INSERT INTO inventory VALUES (?, ?, ?, ?, ?) ON CONFLICT (domain, item, location) DO"
        " UPDATE SET updated_us = excluded.updated_us, available = excluded.available"
        " WHERE excluded.updated_us >= inventory.updated_us",
        (place.domain, level.item, level.location, level.updated_us, level.available),
    )
    return cursor.rowcount == 1


def put_bulk(connection: sqlite3.Connection, place: Place, bulk: Bulk) -> bool:
    """A hint only: whoever waits for the operation polls as well."""
    connection.execute(
        "INSERT OR REPLACE INTO bulk_hint VALUES (?, ?, ?, ?, ?)",
        (place.domain, bulk.id, bulk.status, bulk.error, place.heard_at),
    )
    return True


def put_uninstalled(connection: sqlite3.Connection, place: Place) -> bool:
    """From now on its token is worth nothing; shop/redact follows in 48 h."""
    connection.execute(
        "INSERT OR REPLACE INTO uninstalled VALUES (?, ?)", (place.domain, place.heard_at)
    )
    connection.execute(
        "UPDATE assessment SET state = 'given_up', error = 'uninstalled'"
        " WHERE domain = ? AND state IN ('queued', 'scored', 'sending')",
        (place.domain,),
    )
    return True


def _put_lines(connection: sqlite3.Connection, place: Place, order: Order) -> None:
    connection.execute(
        "DELETE FROM order_line WHERE domain = ? AND order_id = ?", (place.domain, order.id)
    )
    connection.executemany(
        "INSERT INTO order_line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                place.domain,
                order.id,
                number,
                order.created_us,
                order.customer,
                order.test,
                line.product,
                line.variant,
                line.quantity,
                line.unit_price,
                line.list_price,
            )
            for number, line in enumerate(order.lines)
        ],
    )


def _is_news(place: Place, order: Order) -> bool:
    """Neither cancelled nor shipped (Shopify takes no assessment then), nor long past."""
    if order.cancelled_us is not None or order.fulfillment_status == "fulfilled":
        return False
    age = clock.seconds_between("1970-01-01T00:00:00+00:00", place.heard_at)
    return age - order.created_us / 1e6 <= ASSESS_WITHIN_S and bool(order.lines)
