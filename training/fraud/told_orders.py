"""The orders fraud is learned from: those of the lines and those injected, numbered in time.

Tables it leaves: ``told`` (a row an order and customer), ``placed`` (a row an order: ``number``
and ``customer`` for its names), ``orders`` (what its lines come to).
"""
# ruff: noqa: S608 - our own names

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from bentos.contract.errors import ContractError
from training import sales_arrays
from training.fraud.injection import Injection
from training.fraud.order_sums import SoldLines, order_sums

# With fewer the injected fraud would outnumber them.
MIN_ORDERS = 100
PRICE, LISTED = "CAST(unit_price AS DOUBLE)", "CAST(list_price AS DOUBLE)"
NUMBERS = {"quantity": "quantity", "price": PRICE, "listed": LISTED}


def tell(connection: duckdb.DuckDBPyConnection, sales: str, seed: int) -> None:
    """Make the tables from ``sales`` (a FROM clause of lines). Raises ContractError where there
    is too little to learn from."""
    sales_arrays.place(connection, sales)
    _inject(connection, sales, seed)
    number(connection)
    sum_up(connection, sales)


def _inject(connection: duckdb.DuckDBPyConnection, sales: str, seed: int) -> None:
    """Table ``injected``: lines of fraud; ``friendly``: orders that turn out to be some."""
    orders = connection.execute("""
        SELECT order_id, min(moment) AS moment, coalesce(min(customer_id), '') AS customer
        FROM sold_orders GROUP BY order_id ORDER BY 2, 1""").fetchnumpy()
    products = connection.execute(f"""
        SELECT product_id, prices.middle AS price, quantities.middle AS quantity
        FROM ({median(PRICE, sales)}) AS prices
        JOIN ({median("quantity", sales)}) AS quantities USING (product_id)
        WHERE prices.middle > 0 ORDER BY 1""").fetchnumpy()
    orders = {name: np.asarray(column) for name, column in orders.items()}
    if len(orders["moment"]) < MIN_ORDERS:
        found = f"{len(orders['moment'])} without returns and before --as-of"
        raise ContractError("orders", f"at least {MIN_ORDERS} to learn fraud from", found)
    if not len(products["product_id"]):
        raise ContractError("orders", "at least one product with a price", "none")
    injection = Injection(orders, {k: np.asarray(v) for k, v in products.items()}, seed)
    _keep(connection, "injected", injection.lines())
    chosen = orders["order_id"][injection.friendly()]
    _keep(connection, "friendly", pa.table({"order_id": pa.array(chosen, pa.string())}))


def median(value: str, sales: str) -> str:
    """Each product's median, from how often each value occurs: there are few of them."""
    return f"""
        SELECT product_id, min(value) FILTER (upto > (total - 1) // 2)
            + (min(value) FILTER (upto > total // 2)
                - min(value) FILTER (upto > (total - 1) // 2)) * 0.5::DOUBLE AS middle
        FROM (
            SELECT product_id, value, sum(n) OVER (PARTITION BY product_id) AS total,
                sum(n) OVER (PARTITION BY product_id ORDER BY value) AS upto
            FROM (SELECT product_id, {value} AS value, count(*) AS n FROM {sales} GROUP BY ALL)
        ) GROUP BY product_id"""


def number(connection: duckdb.DuckDBPyConnection) -> None:
    """``told`` and ``placed`` from ``sold_orders``, ``injected`` and ``friendly``."""
    connection.execute("""
        CREATE TEMP TABLE told AS
        SELECT order_id, customer_id, moment, paid, place, NULL::VARCHAR AS scenario
        FROM sold_orders
        UNION ALL
        SELECT order_id, customer_id, min(moment),
            sum(CAST(unit_price AS DECIMAL(20, 4)) * quantity), NULL, min(scenario)
        FROM injected GROUP BY order_id, customer_id""")
    connection.execute("""
        CREATE TEMP TABLE placed AS
        SELECT order_id, moment, customer_id,
            CASE WHEN friendly THEN coalesce(scenario, 'friendly_fraud') ELSE scenario END
                AS scenario,
            CAST(row_number() OVER (ORDER BY moment, order_id) - 1 AS INTEGER) AS number,
            CAST(dense_rank() OVER (ORDER BY customer_id) AS INTEGER) AS customer
        FROM (
            SELECT order_id, min(moment) AS moment, min(customer_id) AS customer_id,
                max(scenario) AS scenario, order_id IN (FROM friendly) AS friendly
            FROM told GROUP BY order_id
        ) ORDER BY number""")


def sum_up(connection: duckdb.DuckDBPyConnection, sales: str) -> None:
    """``orders``, from the lines of ``sales`` and ``injected``."""
    lines = _lines(connection, sales_arrays.load(connection, sales, NUMBERS))
    placed = connection.execute("SELECT customer, moment FROM placed ORDER BY number").fetchnumpy()
    sums = order_sums(lines, placed["customer"], placed["moment"])
    del lines
    columns = {name: pa.array(column, from_pandas=True) for name, column in sums.items()}
    numbers = pa.array(np.arange(len(placed["moment"]), dtype=np.int32))
    table = pa.table({"number": numbers, "moment": pa.array(placed["moment"]), **columns})
    _keep(connection, "orders", table)


def _lines(connection: duckdb.DuckDBPyConnection, sold: sales_arrays.Sales) -> SoldLines:
    places = connection.execute("""
        SELECT number FROM told JOIN placed USING (order_id) WHERE place IS NOT NULL
        ORDER BY place""").fetchnumpy()["number"]
    added = connection.execute(f"""
        SELECT number, product_id, {", ".join(f"{sql} AS {name}" for name, sql in NUMBERS.items())}
        FROM injected JOIN placed USING (order_id)""").fetchnumpy()
    numbers = {name: np.concatenate([sold.numbers.pop(name), added[name]]) for name in NUMBERS}
    order = np.concatenate([places[sold.order], added["number"]])
    product = np.searchsorted(sold.product_ids, added["product_id"]).astype(np.int32)
    return SoldLines(order=order, product=np.concatenate([sold.product, product]), **numbers)


def _keep(connection: duckdb.DuckDBPyConnection, name: str, table: Any) -> None:
    connection.register("made", table)
    connection.execute(f"CREATE TEMP TABLE {name} AS FROM made")
    connection.unregister("made")
