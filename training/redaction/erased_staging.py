"""Who was erased does not come back by a sync: what it read of them is dropped, not merged.

What they order after they asked is new: such orders stay, and with them the customer's row, which
says whether they may be trained on at all. What that row tells of before is left out of it.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path

import duckdb

from training.order_file import literal
from training.redaction.erased import Gone, delete, fits, name
from training.shop.columns import TABLES
from training.shop.staging import seen_name, staged_name

ORDERS, CUSTOMERS = staged_name("orders"), staged_name("customers")
OF_BEFORE = ("created_at", "orders", "spent", "currency")
"""Columns of a customer that tell of what was erased."""


def take_out(connection: duckdb.DuckDBPyConnection, gone: Gone, orders: Path | None) -> int:
    """Delete their rows from what a sync has staged, and from the ids it saw. ``orders``: those
    the lake has already."""
    if not gone:
        return 0
    name(connection, gone)
    _name_customers(connection, gone.shop_until_us)
    deleted = _orders(connection, gone.shop_until_us)
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


def _orders(connection: duckdb.DuckDBPyConnection, shop_until_us: int) -> int:
    """Theirs of before, and all that belongs to these."""
    # An order that was imported later counts by when it was placed.
    placed = "coalesce(epoch_us(least(o.created_at, o.processed_at)), 0)"
    test = (
        f"EXISTS (SELECT 1 FROM erased_customers e WHERE e.customer_id = o.customer_id "
        f"AND {placed} <= e.until_us)"
    )
    if shop_until_us:
        test += f" OR {placed} <= {shop_until_us}"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE theirs AS "
        f"SELECT order_id FROM {ORDERS} o WHERE {test} OR {fits(ORDERS, 'order_id')}"
    )
    theirs = "order_id IN (SELECT order_id FROM theirs)"
    deleted = delete(connection, ORDERS, theirs)
    for each, table in TABLES.items():
        if each != "orders" and "order_id" in table.names:
            staged = staged_name(each)
            deleted += delete(connection, staged, f"{theirs} OR {fits(staged, 'order_id')}")
    seen = seen_name("orders")
    theirs = "id IN (SELECT order_id FROM theirs)"
    return deleted + delete(connection, seen, f"{theirs} OR {fits(seen, 'id')}")


def _customers(connection: duckdb.DuckDBPyConnection, orders: Path | None) -> int:
    """Theirs, unless an order of theirs is left, staged or in the lake: that one is new."""
    ordered = f"SELECT customer_id FROM {ORDERS}"
    if orders is not None:
        there = f"read_parquet({literal(orders.as_posix())})"
        ordered += f" UNION ALL SELECT customer_id FROM {there} WHERE deleted_at IS NULL"
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
