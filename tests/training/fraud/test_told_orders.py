"""Medians, numbers, and that an order told as one line means the same to the view."""

import duckdb
import pytest

from tests.training.features.sales import write_lines
from tests.training.features.test_at_nights import some_lines, tables
from tests.training.fraud.honest_orders import nothing_injected
from training import sales_arrays
from training.features import at_nights
from training.features.customer_views import CUSTOMER_ORDERS
from training.fraud import features, told_orders
from training.orders import connect


def test_medians_are_those_of_all_values():
    connection = duckdb.connect()
    price = "round(random() * 9, 1) AS unit_price"
    connection.execute(
        f"CREATE TABLE sales AS SELECT range % 7 AS product_id, {price} FROM range(500)"
    )
    found = connection.sql(f"{told_orders.median('unit_price', 'sales')} ORDER BY 1").fetchall()
    wanted = connection.sql(
        "SELECT product_id, median(unit_price) FROM sales GROUP BY 1 ORDER BY 1"
    )
    assert found == wanted.fetchall()


@pytest.fixture
def connection(tmp_path):
    with connect() as connection:
        path = write_lines(tmp_path / "lines.parquet", some_lines())
        connection.execute(f"""
            CREATE TABLE given AS FROM read_parquet('{path}') WHERE NOT is_return""")
        nothing_injected(connection, friendly=["o05"])
        sales_arrays.place(connection, "given")
        told_orders.number(connection)
        yield connection


def test_orders_are_numbered_in_time(connection):
    rows = connection.execute(
        "SELECT number, moment, order_id, scenario FROM placed ORDER BY number"
    ).fetchall()
    assert [row[0] for row in rows] == list(range(len(rows)))
    assert [row[1:3] for row in rows] == sorted(row[1:3] for row in rows)
    assert [row[2] for row in rows if row[3]] == ["o05"]


def test_the_view_says_the_same_of_orders_told_as_one_line(connection, tmp_path):
    features._look_up(connection)
    told = connection.execute("""
        SELECT order_id, looked_up.* EXCLUDE (row) FROM rows JOIN looked_up USING (row)
        ORDER BY 1""").fetchall()
    with connect() as other:
        tables(other, write_lines(tmp_path / "lines.parquet", some_lines()))
        at_nights.attach(other, CUSTOMER_ORDERS, "rows", "lines", "found")
        lined = other.execute("""
            SELECT order_id, found.* EXCLUDE (row) FROM found JOIN (
                SELECT row_number() OVER (ORDER BY order_id) AS row, order_id
                FROM lines GROUP BY order_id) USING (row)
            WHERE order_id IN (SELECT order_id FROM lines WHERE NOT is_return) ORDER BY 1""")
        assert told == lined.fetchall()
    assert sum(row[1] is not None for row in told) > 30
