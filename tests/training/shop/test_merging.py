"""Two merges of a large shop in less memory than a sync has."""

from datetime import UTC, datetime

import pytest

from training.shop.merging import Merge, Merging
from training.shop.staging import Staging

ORDERS, LINES = 280_000, 1_000_000
MEMORY = "64MB"
"A third less than a sync's database has."
FIRST, SECOND = (datetime(2026, 11, day, tzinfo=UTC).replace(tzinfo=None) for day in (24, 25))


def merge(staging, folder, number, before):
    merging = Merging(staging.connection, folder, number, before)
    how = Merge(table="orders", child="order_lines", complete=True, synced_at=SECOND)
    return merging.merge(how)


@pytest.mark.slow
def test_what_is_there_already_and_what_comes_need_not_fit_in_memory_together(tmp_path):
    staging = Staging(tmp_path / "staging", MEMORY, 1)
    fill = staging.connection.execute
    fill(
        "INSERT INTO staged_orders BY NAME SELECT range AS order_id, "
        f"TIMESTAMP '{FIRST}' AS created_at, TIMESTAMP '{FIRST}' AS updated_at, "
        f"md5(range::VARCHAR) AS customer_id, 9.5 AS total, 0 AS batch FROM range({ORDERS})"
    )
    fill(
        "INSERT INTO staged_order_lines BY NAME SELECT range AS line_id, "
        f"range % {ORDERS} AS order_id, 2 AS quantity, 0 AS batch FROM range({LINES})"
    )
    whole = merge(staging, tmp_path, 1, {})
    assert (whole["orders"].rows, whole["order_lines"].rows) == (ORDERS, LINES)
    # The next time an order and one line of another are gone, and one line came twice.
    fill("DELETE FROM staged_orders WHERE order_id = 7")
    fill(f"DELETE FROM staged_order_lines WHERE order_id = 7 OR line_id = {ORDERS + 8}")
    fill(
        "INSERT INTO staged_order_lines BY NAME "
        "SELECT 9 AS line_id, 9 AS order_id, 5 AS quantity, 0 AS batch"
    )
    again = merge(staging, tmp_path, 2, whole)
    assert (again["orders"].rows, again["orders"].deleted) == (ORDERS, 1)
    assert (again["order_lines"].rows, again["order_lines"].deleted) == (LINES, 4 + 1)
    path = tmp_path / again["order_lines"].file
    said = fill(f"SELECT quantity FROM read_parquet('{path}') WHERE line_id = 9").fetchall()
    assert said == [(5,)]
    staging.close()
