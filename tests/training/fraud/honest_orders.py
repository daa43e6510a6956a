"""Features of a few lines by hand, with no fraud injected among them."""

import duckdb

from training import sales_arrays
from training.fraud import features, told_orders
from training.fraud.injection import SCHEMA


def features_of(rows, timezone="UTC"):
    """By order id, from (order, µs, customer, product, quantity, price, list price)."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("""
            CREATE TABLE lines (order_id VARCHAR, ordered_at TIMESTAMP, customer_id VARCHAR,
                product_id BIGINT, quantity BIGINT, unit_price DECIMAL(18, 4),
                list_price DECIMAL(18, 4))""")
        placed = "(?, make_timestamp(?), ?, ?, ?, ?, ?)"
        connection.executemany(f"INSERT INTO lines VALUES {placed}", rows)
        sales_arrays.place(connection, "lines")
        nothing_injected(connection)
        told_orders.number(connection)
        told_orders.sum_up(connection, "lines")
        table = connection.sql(features._features_sql(timezone)).to_arrow_table().to_pylist()
    return {row["order_id"]: row for row in table}


def nothing_injected(connection, friendly=()):
    """The tables that injection leaves; ``friendly``: orders that are fraud all the same."""
    connection.register("none", SCHEMA.empty_table())
    connection.execute("CREATE TABLE injected AS FROM none")
    connection.execute("CREATE TABLE friendly (order_id VARCHAR)")
    for order in friendly:
        connection.execute("INSERT INTO friendly VALUES (?)", [order])
