"""Who was erased does not come back by a sync: what it read of them is dropped, not merged.

What they order after they asked is new: such orders stay, and with them the customer's row, which
says whether they may be trained on at all. What that row tells of before is left out of it.

Of a shop that was erased whole no list of orders is kept. Refunds and disputes tell only which
order they belong to, so they stay if that one is here: then it is new.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path

import duckdb

from training.order_file import literal
from training.redaction import erased_orders
from training.redaction.erased import Gone, delete, fits, name
from training.shop.staging import seen_name, staged_name
from training.shop.streams import DISPUTES, REFUNDS
from training.shop.tables import ShopLake

ORDERS, LINES = staged_name("orders"), staged_name("order_lines")
CUSTOMERS = staged_name("customers")
OF_BEFORE = ("created_at", "orders", "spent", "currency")
"""Columns of a customer that tell of what was erased."""


def take_out(connection: duckdb.DuckDBPyConnection, gone: Gone, lake: ShopLake) -> int:
    """Delete their rows from what a sync has staged for a lake, and from the ids it saw. How many
    they were."""
    if not gone:
        return 0
    name(connection, gone)
    erased_orders.know(connection, lake.folder)
    _name_customers(connection, gone.shop_until_us)
    _name_orders(connection, gone.shop_until_us, lake.folder)
    orders = lake.table("orders")
    deleted = _orders(connection, gone.shop_until_us)
    deleted += _refunds_and_disputes(connection, gone.shop_until_us, orders)
    return deleted + _customers(connection, orders)


def _name_customers(connection: duckdb.DuckDBPyConnection, shop_until_us: int) -> None:
    """Make the table ``erased_customers``; each pseudonym is digested once. Of a shop that was
    erased whole they are all of them."""
    seen = seen_name("customers")
    named = (
        f"SELECT customer_id FROM {ORDERS} UNION SELECT customer_id FROM {CUSTOMERS} "
        f"UNION SELECT CAST(id AS VARCHAR) FROM {seen}"
    )
    which = "JOIN" if not shop_until_us else "LEFT JOIN"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_customers AS "
        f"SELECT customer_id, greatest(coalesce(until_us, 0), {shop_until_us}) AS until_us "
        f"FROM ({named}) {which} erased_subjects ON digest = sha256(customer_id) "
        "WHERE customer_id IS NOT NULL"
    )


def _name_orders(connection: duckdb.DuckDBPyConnection, shop_until_us: int, folder: Path) -> None:
    """Make the table ``theirs`` of the staged orders, and note what it names for later syncs."""
    # An order that was imported later counts by when it was placed.
    placed = "coalesce(epoch_us(least(o.created_at, o.processed_at)), 0)"
    test = (
        f"EXISTS (SELECT 1 FROM erased_customers e WHERE e.customer_id = o.customer_id "
        f"AND {placed} <= e.until_us)"
    )
    if shop_until_us:
        test += f" OR {placed} <= {shop_until_us}"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE theirs AS SELECT order_id, "
        "coalesce(epoch_us(updated_at), 0) AS updated_us "
        f"FROM {ORDERS} o WHERE {test} OR {fits(ORDERS, 'order_id')}"
    )
    # What did not change since a whole shop was erased is told by that, however much it is.
    changed = f"SELECT order_id FROM theirs WHERE updated_us > {shop_until_us}"
    erased_orders.note(connection, folder, changed)


def _orders(connection: duckdb.DuckDBPyConnection, shop_until_us: int) -> int:
    """Theirs of before, with their lines."""
    theirs = "(SELECT order_id FROM theirs)"
    deleted = delete(connection, ORDERS, f"order_id IN {theirs}")
    deleted += delete(connection, LINES, f"order_id IN {theirs} OR {fits(LINES, 'order_id')}")
    seen = seen_name("orders")
    test = f"id IN {theirs} OR {fits(seen, 'id')}"
    if shop_until_us:
        test += f" OR epoch_us(updated_at) <= {shop_until_us}"
    return deleted + delete(connection, seen, test)


def _refunds_and_disputes(
    connection: duckdb.DuckDBPyConnection, shop_until_us: int, orders: Path | None
) -> int:
    """Those of their orders."""
    here = f"SELECT order_id FROM {ORDERS}"
    if orders is not None:
        here += f" UNION ALL SELECT order_id FROM {_alive(orders)}"
    deleted = 0
    for staged in (staged_name(REFUNDS), staged_name(DISPUTES)):
        test = f"order_id IN (SELECT order_id FROM theirs) OR {fits(staged, 'order_id')}"
        if shop_until_us:
            test += f" OR NOT coalesce(order_id IN ({here}), false)"
        deleted += delete(connection, staged, test)
    return deleted


def _alive(orders: Path) -> str:
    return f"read_parquet({literal(orders.as_posix())}) WHERE deleted_at IS NULL"


def _customers(connection: duckdb.DuckDBPyConnection, orders: Path | None) -> int:
    """Theirs, unless an order of theirs is left, staged or in the lake: that one is new."""
    ordered = f"SELECT customer_id FROM {ORDERS}"
    if orders is not None:
        ordered += f" UNION ALL SELECT customer_id FROM {_alive(orders)}"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE came_back AS SELECT DISTINCT customer_id "
        f"FROM ({ordered}) WHERE customer_id IN (SELECT customer_id FROM erased_customers)"
    )
    nothing = ", ".join(f"{column} = NULL" for column in OF_BEFORE)
    back = "customer_id IN (SELECT customer_id FROM came_back)"
    connection.execute(f"UPDATE {CUSTOMERS} SET {nothing} WHERE {back}")
    gone = "(SELECT customer_id FROM erased_customers EXCEPT SELECT customer_id FROM came_back)"
    deleted = delete(connection, CUSTOMERS, f"customer_id IN {gone}")
    return deleted + delete(connection, seen_name("customers"), f"id IN {gone}")
