"""Values for training rows alone are those that whole nights in the lake would have given."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bentos.contract.errors import ContractError
from tests.training.features.sales import MOMENT, line, write_lines
from training.features import at_nights, offline, point_in_time
from training.features.coded_lines import coded
from training.features.customer_views import CUSTOMER_BASKETS, CUSTOMER_ORDERS, CUSTOMER_SEGMENTS
from training.features.product_views import PRODUCT_SALES
from training.orders import connect

DAY = timedelta(days=1)


@pytest.fixture
def connection():
    with connect() as connection:
        yield connection


def tables(connection, path: Path) -> None:
    """The lines, and one training row an order: guests, midnights and returns among them."""
    connection.execute(f"CREATE TABLE lines AS FROM read_parquet('{path}')")
    connection.execute("""
        CREATE TABLE rows AS SELECT row_number() OVER (ORDER BY order_id) AS row,
            min(customer_id) AS entity, min(ordered_at) AS moment FROM lines GROUP BY order_id""")


def some_lines():
    chance = np.random.default_rng(5)
    lines = []
    for number in range(60):
        # Some at midnight itself, which the night before has to speak for.
        hours = float(chance.integers(0, 12 * 24)) if number % 3 else 24.0 * (number % 12)
        customer = None if number % 7 == 0 else f"C{number % 4}"
        lines += [
            line(f"o{number:02d}", hours / 24, customer, product, int(chance.integers(1, 5)),
                 str(chance.integers(1, 40)), returned=number % 11 == 0)
            for product in chance.choice(9, int(chance.integers(1, 4)), replace=False).tolist()
        ]  # fmt: skip
    return lines


@pytest.mark.parametrize("view", [CUSTOMER_ORDERS, CUSTOMER_BASKETS])
def test_they_are_what_the_join_with_every_night_gives(connection, tmp_path, view):
    path = write_lines(tmp_path / "lines.parquet", some_lines())
    tables(connection, path)
    with coded(connection, path, tmp_path / "lake") as coded_lines:
        for nights in range(14):
            offline.write(tmp_path / "lake", view, coded_lines, MOMENT - nights * DAY)
    point_in_time.attach(connection, tmp_path / "lake", view, "rows", "joined")
    at_nights.attach(connection, view, "rows", "lines", "found")
    expected = connection.execute("FROM joined ORDER BY row").fetchall()
    assert connection.execute("FROM found ORDER BY row").fetchall() == expected
    assert len(expected) == 60
    assert sum(row[1] is not None for row in expected) > 30


def test_what_happens_after_the_night_changes_nothing(connection, tmp_path):
    lines = [line("a", 5, price="10"), line("b", 3.5, price="30"), line("c", 3.2, price="50")]
    tables(connection, write_lines(tmp_path / "lines.parquet", lines))
    at_nights.attach(connection, CUSTOMER_ORDERS, "rows", "lines", "found")
    rows = connection.execute("SELECT orders, mean_order_value FROM found ORDER BY row").fetchall()
    # The second and the third are of one day: neither knows of the other.
    assert rows == [(None, None), (1, 10.0), (1, 10.0)]


@pytest.mark.parametrize("view", [CUSTOMER_SEGMENTS, PRODUCT_SALES])
def test_a_view_that_compares_customers_or_is_about_products_is_refused(connection, tmp_path, view):
    tables(connection, write_lines(tmp_path / "lines.parquet", [line("a", 5)]))
    with pytest.raises(ContractError, match=view.tag):
        at_nights.attach(connection, view, "rows", "lines", "found")


def test_a_night_is_the_last_midnight_before(connection, tmp_path):
    midnight = datetime(2026, 2, 24)  # noqa: DTZ001 - lines are in naive UTC
    lines = [line("a", 5.0), line("b", 5.0 - 1e-6), line("c", 4.5)]
    assert lines[0][1] == midnight
    tables(connection, write_lines(tmp_path / "lines.parquet", lines))
    at_nights.attach(connection, CUSTOMER_ORDERS, "rows", "lines", "found")
    found = connection.execute("SELECT orders FROM found ORDER BY row").fetchall()
    # An order of midnight itself is of the day that begins: that night does not know it.
    assert found == [(None,), (None,), (None,)]
