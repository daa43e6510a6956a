"""What a shopper bought, newest first: histories before a day, and the basket that followed.

The catalogue is the products bought most often in training; others are unknown to the model.
"""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from training import sales_arrays

PURCHASES_FILE = "purchases.parquet"


def write_snapshot(
    connection: duckdb.DuckDBPyConnection, lines: Path, folder: Path, *, as_of: datetime | None
) -> int:
    """Write ``purchases.parquet``: customer number, order number, time, product; returns rows.

    Orders without a customer carry customer -1: they still say what is popular and what is
    bought together. Numbers are dense and follow first appearance, so they name nobody.
    """
    sales = sales_arrays.sold(lines, as_of)
    sales_arrays.place(connection, sales)
    purchases = _purchases(connection, sales_arrays.load(connection, sales))
    connection.register("purchases", purchases)
    # One thread: the same row groups each time.
    connection.execute("SET threads = 1")
    connection.execute(f"""
        COPY purchases TO '{(folder / PURCHASES_FILE).as_posix()}'
        (FORMAT parquet, COMPRESSION zstd)""")
    connection.unregister("purchases")
    return len(purchases)


def _purchases(connection: duckdb.DuckDBPyConnection, sold: sales_arrays.Sales) -> pa.Table:
    """A row each product of an order (of a customer), in order of order and product."""
    placed = _placed(connection)
    keys = sales_arrays.pairs(sold.order, sold.product)
    keys.sort()
    keys = keys[sales_arrays.starts_of(keys)]
    place, product = keys >> sales_arrays.HALF, keys & (2**sales_arrays.HALF - 1)
    number = placed["number"][place]
    if len(placed["number"]) and placed["number"][-1] + 1 < len(placed["number"]):
        # Orders of several customers: their products come together.
        keys = np.argsort(sales_arrays.pairs(number, product), kind="stable")
        place, product, number = place[keys], product[keys], number[keys]
    return pa.table(
        {
            "customer": placed["customer"][place],
            "order_number": number,
            "moment": placed["moment"][place],
            "product_id": sold.product_ids[product],
        }
    )


def _placed(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Of each row of ``sold_orders``: moment, and the numbers of its order and its customer."""
    placed: dict[str, Any] = connection.execute("""
        SELECT moment, CAST(coalesce(customer, -1) AS INTEGER) AS customer,
            CAST(dense_rank() OVER (ORDER BY first, order_id) - 1 AS INTEGER) AS number
        FROM (SELECT *, min(moment) OVER (PARTITION BY order_id) AS first FROM sold_orders)
        LEFT JOIN (
            SELECT customer_id, row_number() OVER (ORDER BY min(moment), min(order_id)) - 1
                AS customer
            FROM sold_orders WHERE customer_id IS NOT NULL GROUP BY 1
        ) USING (customer_id)
        ORDER BY place""").fetchnumpy()
    return placed
