"""Sales as arrays of narrow numbers, for what sorts every line: orders, products, customers by
number instead of by name.

NumPy sorts ten million whole numbers in a second; an engine carries names and frames along.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np

from training.order_file import literal

Array = np.ndarray[Any, Any]
# So many bits of a key hold the second of two numbers.
HALF = 32


class Sales(msgspec.Struct, frozen=True, kw_only=True):
    """One element a sold line. ``order``: the row of ``sold_orders`` it belongs to;
    ``product``: its place in ``product_ids``, which are sorted. ``numbers``: further columns."""

    order: Any
    product: Any
    product_ids: Any
    numbers: dict[str, Any] = {}


def sold(lines: Path, as_of: datetime | None) -> str:
    """What a model may learn from: a FROM clause of lines that are no returns, before ``as_of``."""
    until = f"AND ordered_at < TIMESTAMP {literal(str(as_of))}" if as_of else ""
    return f"read_parquet({literal(str(lines))}) WHERE NOT is_return {until}"


def place(connection: duckdb.DuckDBPyConnection, sales: str) -> None:
    """Table ``sold_orders``, a row an order and customer: ``order_id``, ``customer_id``,
    ``moment`` (µs), ``paid`` (exact) and ``place``, dense from 0, in order of moment, order,
    customer."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE sold_orders AS
        SELECT *, CAST(row_number() OVER (ORDER BY moment, order_id, customer_id) - 1 AS INTEGER)
            AS place
        FROM (
            SELECT order_id, customer_id, epoch_us(min(ordered_at)) AS moment,
                sum(unit_price * quantity) AS paid
            FROM {sales} GROUP BY order_id, customer_id
        ) ORDER BY place""")


def load(
    connection: duckdb.DuckDBPyConnection, sales: str, numbers: dict[str, str] | None = None
) -> Sales:
    """The lines of ``sales`` (a FROM clause ``sold_orders`` was made from), in any order.
    ``numbers``: name → SQL of a number of each line."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE known_products AS
        SELECT product_id, CAST(row_number() OVER (ORDER BY product_id) - 1 AS INTEGER) AS product
        FROM (SELECT DISTINCT product_id FROM {sales}) ORDER BY product_id""")
    ids = connection.execute("SELECT product_id FROM known_products").fetchnumpy()["product_id"]
    columns = "".join(f", {sql} AS {name}" for name, sql in (numbers or {}).items())
    found = connection.execute(f"""
        SELECT place, product{columns}
        FROM (SELECT * FROM {sales}) AS line
        JOIN sold_orders AS placed ON placed.order_id = line.order_id
            AND placed.customer_id IS NOT DISTINCT FROM line.customer_id
        JOIN known_products ON known_products.product_id = line.product_id""").fetchnumpy()
    connection.execute("DROP TABLE known_products")
    order = np.asarray(found.pop("place"))
    product = np.asarray(found.pop("product"))
    return Sales(order=order, product=product, product_ids=ids, numbers=found)


def pairs(first: Array, second: Array) -> Array:
    """One number for two of at most 31 bits each, none negative: it sorts as they do."""
    return (first.astype(np.int64) << HALF) | second


def starts_of(ordered: Array) -> Array:
    """Where each run of equal elements begins."""
    if not len(ordered):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
