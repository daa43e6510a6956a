import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest

from training.shop.columns import TABLES
from training.shop.staging import Progress, Staging, staged_name

MOMENT = datetime(2026, 11, 24, 3, 0, 0, 250_000, tzinfo=UTC).replace(tzinfo=None)
SAID = {
    "product_id": 999_999_999_999_999_999,
    "updated_at": MOMENT,
    "title": 'Tee "Ĝis" \\ \x00 😀\u2028',
    "sku": None,
    "price": "12345678901234.5678",
    "available": True,
}


def row(table, **said):
    return (table, tuple(said.get(column.name) for column in TABLES[table].columns))


@pytest.fixture
def staging(tmp_path):
    made = Staging(tmp_path / "staging", "64MB", 1)
    yield made
    made.close()


def test_values_of_every_type_come_back_as_they_were(staging):
    staging.add("products", [row("products", **SAID), row("variants", **SAID)], Progress(batch=3))
    read = staging.connection.execute
    products = read("SELECT product_id, updated_at, title, batch FROM staged_products").fetchall()
    assert products == [(SAID["product_id"], MOMENT, SAID["title"], 3)]
    variants = read("SELECT sku, price, available, stock FROM staged_variants").fetchall()
    assert variants == [(None, Decimal(SAID["price"]), True, None)]


def test_every_table_takes_rows(staging):
    staging.add("all", [row(table) for table in TABLES] * 3, Progress())
    assert {staging.count(staged_name(table)) for table in TABLES} == {3}


def test_rows_and_how_far_they_go_are_kept_together_or_not_at_all(staging):
    staging.add("variants", [row("variants", **SAID)], Progress(offset=10))
    with pytest.raises(duckdb.InvalidInputException):
        staging.add(
            "variants",
            [row("variants", variant_id=2), row("variants", price="ten")],
            Progress(offset=20),
        )
    assert staging.count(staged_name("variants")) == 1
    assert staging.progress("variants").offset == 10


def test_no_rows_load_arrow_or_pandas(tmp_path):
    # Both together are larger than all else a sync holds.
    code = f"""
import sys
from pathlib import Path
from training.shop.staging import Progress, Staging
staging = Staging(Path({str(tmp_path)!r}) / "staging", "64MB", 1)
staging.add("disputes", [("disputes", (1,) + 8 * (None,))], Progress())
staging.add_seen("orders_seen", "orders", [(1, None)], Progress())
assert staging.count("staged_disputes") == staging.count("seen_orders") == 1
print(sorted({{"pandas", "pyarrow"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
