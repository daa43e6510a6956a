"""Each way a shop's data goes bad is found, with the rows; good data passes."""

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from training.nightly import bad_data

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 60
LAST = BEGIN + timedelta(days=DAYS)


def shop(days=DAYS, per_day=120):
    """Lines as the lake has them: every shopper another basket at another minute each day."""
    rows = []
    for day in range(days):
        for n in range(per_day):
            moment = BEGIN + timedelta(days=day, minutes=(n * 11 + day * 7) % 1440, seconds=n % 60)
            rows.append(
                {
                    "order_id": f"{day}-{n}",
                    "line": 1,
                    "ordered_at": moment.replace(tzinfo=None),
                    "customer_id": f"c{(n * 13 + day * 29) % 997}",
                    "product_id": (n * 7 + day * 3) % 50,
                    "category": f"k{n % 5}",
                    "product_label": "thing",
                    "quantity": 1 + n % 3,
                    "unit_price": 5.0 + n % 9,
                    "list_price": 15.0,
                    "discount": 0.0,
                    "unit_cost": None,
                    "currency": "EUR",
                    "is_return": False,
                }
            )
    return rows


def find(rows, *, now=LAST, max_age_days=None, since=None):
    connection = duckdb.connect(":memory:")
    connection.register("table_of_lines", pa.Table.from_pylist(rows))
    connection.execute(
        "CREATE VIEW lines AS SELECT * REPLACE (CAST(unit_cost AS DOUBLE) AS unit_cost) "
        "FROM table_of_lines"
    )
    names, findings = bad_data.find(connection, now, max_age_days, since)
    assert len(names) == 7
    return {finding.check: finding for finding in findings}


def on_day(row, day):
    return row["order_id"].startswith(f"{day}-")


def test_good_data_passes():
    assert find(shop()) == {}
    assert find(shop(), since=(LAST - timedelta(days=1)).replace(tzinfo=None)) == {}
    assert find(shop(days=1)) == {}


def test_a_day_that_is_there_twice():
    rows = shop()
    rows += [row | {"line": 2} for row in rows if on_day(row, 40)]
    found = find(rows)
    assert set(found) == {"duplicated day"}
    assert "2026-10-11 are there twice (1 such days)" in found["duplicated day"].what
    assert len(found["duplicated day"].rows) == 5


def test_a_day_loaded_again_as_another_day():
    rows = shop()
    copied = [
        row
        | {"order_id": f"again-{row['order_id']}"}
        | {"ordered_at": row["ordered_at"] + timedelta(days=2)}
        for row in rows
        if on_day(row, 40)
    ]
    rows = [row for row in rows if not on_day(row, 42)] + copied
    found = find(rows)
    assert "as they were on a day of the week before" in found["duplicated day"].what


def test_an_earlier_night_s_days_are_not_judged_again():
    rows = shop()
    rows += [row | {"line": 2} for row in rows if on_day(row, 20)]
    assert set(find(rows)) == {"duplicated day"}
    assert find(rows, since=(LAST - timedelta(days=1)).replace(tzinfo=None)) == {}


def test_orders_from_the_future():
    found = find(shop(), now=LAST - timedelta(hours=3))
    assert set(found) == {"clock skew"}
    row = found["clock skew"].rows[0]
    assert row["ordered_at"] > "2026-10-30 21:05"
    assert "customer_id" not in row


def test_clocks_may_differ_by_minutes():
    newest = max(row["ordered_at"] for row in shop()).replace(tzinfo=UTC)
    assert find(shop(), now=newest - timedelta(minutes=4)) == {}


@pytest.mark.parametrize("column", ["unit_price", "list_price", "discount"])
def test_an_amount_below_nothing(column):
    rows = shop()
    rows[500][column] = -0.01
    found = find(rows)
    assert set(found) == {"negative price"}
    assert found["negative price"].rows[0]["order_id"] == rows[500]["order_id"]
    assert "got 1 line(s)" in found["negative price"].what


def test_two_currencies():
    rows = shop()
    rows[700]["currency"] = "USD"
    found = find(rows)
    assert set(found) == {"currency mix"}
    assert [row["currency"] for row in found["currency mix"].rows] == ["USD"]


@pytest.mark.parametrize("column", ["customer_id", "category", "product_label"])
def test_a_column_that_is_suddenly_empty(column):
    rows = shop()
    for row in rows:
        if on_day(row, DAYS - 1):
            row[column] = None
    found = find(rows)
    assert set(found) == {"all-null column"}
    assert f"expected {column} on 2026-10-30" in found["all-null column"].what


def test_a_column_that_always_was_empty_is_no_news():
    rows = [row | {"category": None, "customer_id": None} for row in shop()]
    assert find(rows) == {}


@pytest.mark.parametrize(("column", "value"), [("product_id", 9000), ("category", "new")])
def test_a_flood_of_what_nobody_knew(column, value):
    rows = shop()
    for n, row in enumerate(rows):
        if on_day(row, DAYS - 1):
            row[column] = value + n if column == "product_id" else f"new{n}"
    found = find(rows)
    assert set(found) == {"unseen categories"}
    assert f"a {column} never seen before, got 100%" in found["unseen categories"].what


def test_orders_that_stopped():
    found = find(shop(), now=LAST + timedelta(days=3), max_age_days=2)
    assert set(found) == {"a table that stops"}
    assert "the newest is 3 days old" in found["a table that stops"].what
    assert find(shop(), now=LAST + timedelta(days=300)) == {}


def test_a_day_next_to_empty():
    rows = [r for r in shop() if not on_day(r, DAYS - 2) or r["order_id"].endswith("-1")]
    found = find(rows)
    assert "expected about 120 lines on 2026-10-29" in found["a table that stops"].what


def test_a_column_that_is_gone_or_of_another_type():
    before = {"Name": "VARCHAR", "Price": "DOUBLE", "Note": "VARCHAR"}
    found = bad_data.schema_change(before, {"Name": "VARCHAR", "Price": "VARCHAR"})
    assert [row["column"] for row in found.rows] == ["Note", "Price"]
    assert found.rows[1] == {"column": "Price", "last night": "DOUBLE", "now": "VARCHAR"}
    assert bad_data.schema_change(before, before | {"New": "DATE"}) is None
