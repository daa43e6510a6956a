"""What a shopper bought, newest first: histories before a day, and the basket that followed.

The catalogue is the products bought most often in training; others are unknown to the model.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from datetime import datetime
from pathlib import Path

import duckdb

from training.order_file import literal

PURCHASES_FILE = "purchases.parquet"


def write_snapshot(
    connection: duckdb.DuckDBPyConnection, lines: Path, folder: Path, *, as_of: datetime | None
) -> int:
    """Write ``purchases.parquet``: customer number, order number, time, product; returns rows.

    Orders without a customer carry customer -1: they still say what is popular and what is
    bought together. Numbers are dense and follow first appearance, so they name nobody.
    """
    until = f"AND ordered_at < TIMESTAMP {literal(str(as_of))}" if as_of else ""
    connection.execute("SET threads = 1")
    connection.execute(f"""
        CREATE TEMP TABLE bought AS
        SELECT DISTINCT customer_id, order_id, epoch_us(ordered_at) AS moment, product_id
        FROM read_parquet({literal(str(lines))}) WHERE NOT is_return {until}""")
    connection.execute("""
        CREATE TEMP TABLE customers AS
        SELECT customer_id, row_number() OVER (ORDER BY min(moment), min(order_id)) - 1 AS customer
        FROM bought WHERE customer_id IS NOT NULL GROUP BY 1""")
    connection.execute("""
        CREATE TEMP TABLE orders AS
        SELECT order_id, row_number() OVER (ORDER BY min(moment), order_id) - 1 AS number
        FROM bought GROUP BY 1""")
    connection.execute(f"""
        COPY (
            SELECT CAST(coalesce(customer, -1) AS INTEGER) AS customer,
                CAST(number AS INTEGER) AS order_number, moment, product_id
            FROM bought JOIN orders USING (order_id) LEFT JOIN customers USING (customer_id)
            ORDER BY order_number, product_id
        ) TO '{(folder / PURCHASES_FILE).as_posix()}' (FORMAT parquet, COMPRESSION zstd)""")
    return int(connection.execute("SELECT count(*) FROM bought").fetchall()[0][0])
