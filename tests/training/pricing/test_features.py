"""Weeks of products: what was known before, and nothing of what came after."""

import random
from datetime import datetime, timedelta
from statistics import fmean, median

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.pricing.features import (
    MIN_WEEKS_SOLD,
    TRAIN_SHARE,
    WARM_UP_WEEKS,
    WEEKS_FILE,
    write_snapshot,
)

START = datetime(2024, 1, 1)  # noqa: DTZ001 - the lake's times are UTC without a zone
WEEKS = 40


def made_up_sales(seed=3, weeks=WEEKS):
    """(product, week, day, quantity, price) of products that come, pause and go."""
    draw = random.Random(seed)
    sales = []
    for product in range(1, 13):
        first, last = draw.randrange(6), draw.choice([14, 25, weeks, weeks])
        for week in range(first, last):
            price = draw.choice([10.0, 10.0, 9.0, 7.5]) + product
            sales += [
                (product, week, draw.randrange(7), draw.randrange(1, 4), price)
                for _ in range(draw.randrange(4))
            ]
    # The first day and a last, incomplete week.
    return [(1, 0, 0, 1, 11.0), *sales, (1, weeks, 0, 1, 11.0)]


def snapshot(tmp_path, sales):
    rows = [
        {
            "product_id": product,
            "ordered_at": START + timedelta(weeks=week, days=day, hours=6),
            "quantity": quantity,
            "unit_price": price,
            "list_price": price + 2,
            "unit_cost": None,
            "is_return": False,
        }
        for product, week, day, quantity, price in sales
    ]
    schema = pa.schema(
        [
            ("product_id", pa.int64()),
            ("ordered_at", pa.timestamp("us")),
            ("quantity", pa.int64()),
            ("unit_price", pa.float64()),
            ("list_price", pa.float64()),
            ("unit_cost", pa.float64()),
            ("is_return", pa.bool_()),
        ]
    )
    lines = tmp_path / "lines.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), lines)
    folder = tmp_path / "snapshot"
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        write_snapshot(connection, lines, folder, as_of=None, unit_cost_ratio=0.6)
    table = pq.read_table(folder / WEEKS_FILE).to_pylist()
    return {(row["product_id"], row["week"]): row for row in table}


def recomputed(sales):
    """The same by hand: product → week → (units, price), from its first sale to the last week."""
    sold = {}
    for product, week, _, quantity, price in sales:
        if week < WEEKS:
            units, money = sold.setdefault(product, {}).get(week, (0, 0.0))
            sold[product][week] = (units + quantity, money + quantity * price)
    border, found = int(TRAIN_SHARE * WEEKS), {}
    for product, weeks in sold.items():
        if sum(week < border for week in weeks) < MIN_WEEKS_SOLD:
            continue
        first, price, series = min(weeks), 0.0, []
        for week in range(first, WEEKS):
            units, money = weeks.get(week, (0, 0.0))
            price = money / units if units else price
            series.append((week, units, price))
        found[product] = series
    return found


def test_every_week_is_what_a_recomputation_by_hand_gives(tmp_path):
    sales = made_up_sales()
    table = snapshot(tmp_path, sales)
    expected = {}
    for product, series in recomputed(sales).items():
        for age, (week, units, price) in enumerate(series):
            before = series[max(0, age - 8) : age]
            if age < WARM_UP_WEEKS or not sum(units for _, units, _ in before):
                continue
            expected[product, week] = (units, price, before)
    assert set(table) == set(expected)
    for key, (units, price, before) in expected.items():
        row, reference = table[key], median(price for _, _, price in before)
        assert row["units"] == units
        assert row["reference_price"] == pytest.approx(reference)
        assert row["price_ratio"] == pytest.approx(price / reference, abs=0.00501)
        assert row["units_last_week"] == before[-1][1]
        assert row["mean_units_8w"] == pytest.approx(fmean(units for _, units, _ in before))
        assert row["last_price_ratio"] == pytest.approx(before[-1][2] / reference, abs=0.00501)
        assert row["held_out"] == (key[1] >= int(TRAIN_SHARE * WEEKS))


def test_what_happens_in_the_test_weeks_changes_no_training_week(tmp_path):
    sales = made_up_sales()
    border = int(TRAIN_SHARE * WEEKS)
    other = [
        (product, week, day, quantity * 7 if week >= border else quantity, price)
        for product, week, day, quantity, price in sales
        if week < border or product % 2 or week == WEEKS
    ]
    first, second = snapshot(tmp_path, sales), snapshot(tmp_path, other)
    assert any(row["held_out"] for row in first.values())

    def training(table):
        return {key: row for key, row in table.items() if not row["held_out"]}

    assert training(first) == training(second)


def test_a_week_without_a_sale_looks_like_one_with_an_unchanged_price(tmp_path):
    table = snapshot(tmp_path, made_up_sales())
    quiet = [row for row in table.values() if not row["units"]]
    steady = [row for row in table.values() if row["units"]]
    assert quiet
    assert all(row["price_ratio"] == row["last_price_ratio"] for row in quiet)
    assert any(row["price_ratio"] == row["last_price_ratio"] for row in steady)
