"""Feature views as of a moment: what comes later must not change them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from bentos.contract.feature_view import check_view
from training.feature_views import RECIPES, open_known, rows
from training.orders import connect

MOMENT = datetime(2026, 3, 1)  # noqa: DTZ001 - lines are in naive UTC
MONEY = pa.decimal128(18, 4)
SCHEMA = pa.schema([
    ("order_id", pa.string()), ("ordered_at", pa.timestamp("us")),
    ("customer_id", pa.string()), ("product_id", pa.int64()), ("quantity", pa.int64()),
    ("unit_price", MONEY), ("is_return", pa.bool_()),
])  # fmt: skip


def line(order, days_before, customer="C1", product=7, quantity=1, price="10", returned=False):
    moment = MOMENT - timedelta(days=days_before)
    return (order, moment, customer, product, quantity, Decimal(price), returned)


PAST = [
    line("o1", 30, quantity=2),
    line("o1", 30, product=8, price="0.1"),
    line("o2", 2, product=8, price="0.2"),
    line("o3", 1, customer="C2"),
    line("o4", 1, customer=None),
    line("o5", 1, quantity=9, returned=True),
]


def computed(tmp_path, lines):
    path = tmp_path / "lines.parquet"
    columns = [list(column) for column in zip(*lines, strict=True)]
    parquet.write_table(pa.table(columns, schema=SCHEMA), path)
    moment_us = round(MOMENT.replace(tzinfo=UTC).timestamp() * 1e6)
    with connect() as connection:
        open_known(connection, path, MOMENT)
        return {r.view.tag: dict(rows(connection, r, moment_us)) for r in RECIPES}


def test_customers_are_summed_up_exactly_without_guests_and_returns(tmp_path):
    found = computed(tmp_path, PAST)["customer_orders@1"]
    assert found["C1"] == {
        "orders": 2,
        "spend": 20.3,
        "mean_order_value": pytest.approx(10.15),
        "days_since_last_order": pytest.approx(2),
        "days_since_first_order": pytest.approx(30),
    }
    assert set(found) == {"C1", "C2"}


def test_products_are_summed_up_over_the_last_four_weeks(tmp_path):
    found = computed(tmp_path, PAST)["product_sales@1"]
    assert found["7"] == {
        "orders_28d": 2, "units_28d": 2.0, "customers_28d": 1, "mean_price_28d": 10.0
    }  # fmt: skip
    assert found["8"]["units_28d"] == 1.0


def test_what_happens_at_the_moment_or_later_changes_nothing(tmp_path):
    future = [line("o8", 0, quantity=50), line("o9", -3, customer="C3", product=99)]
    assert computed(tmp_path, PAST + future) == computed(tmp_path, PAST)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.view.tag)
def test_views_are_named_as_the_store_can_hold_them(recipe):
    check_view(recipe.view, "view")
