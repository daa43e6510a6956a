"""Who was erased does not come back by a sync: what it read of them is dropped, not merged."""
# ruff: noqa: S608 - names of tables and columns are ours

import duckdb

from training.redaction.erased import Erased, delete, fits, name
from training.shop.columns import TABLES
from training.shop.staging import seen_name, staged_name


def take_out(connection: duckdb.DuckDBPyConnection, erased: Erased) -> int:
    """Delete their rows from what a sync has staged, and from the ids it saw."""
    if not erased:
        return 0
    name(connection, erased)
    orders, customers = staged_name("orders"), staged_name("customers")
    test = f"{fits(orders, 'customer_id', 'subjects')} OR {fits(orders, 'order_id', 'orders')}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE theirs AS SELECT order_id FROM {orders} WHERE {test}"
    )
    gone = delete(connection, orders, "order_id IN (SELECT order_id FROM theirs)")
    gone += delete(connection, customers, fits(customers, "customer_id", "subjects"))
    for each, table in TABLES.items():
        if each != "orders" and "order_id" in table.names:
            staged = staged_name(each)
            theirs = "order_id IN (SELECT order_id FROM theirs)"
            test = f"{theirs} OR {fits(staged, 'order_id', 'orders')}"
            gone += delete(connection, staged, test)
    seen = seen_name("orders")
    theirs = "id IN (SELECT order_id FROM theirs)"
    gone += delete(connection, seen, f"{theirs} OR {fits(seen, 'id', 'orders')}")
    seen = seen_name("customers")
    return gone + delete(connection, seen, fits(seen, "id", "subjects"))
