"""The lines once more, in small: nothing that tells them apart is lost."""

from decimal import Decimal

import pytest

from tests.training.features.sales import line, write_lines
from training.features.coded_lines import CUSTOMERS, coded
from training.features.order_lines import TABLE
from training.orders import connect

NAME = "Y" * 26
LINES = [
    line("b", 3, NAME, product=9),
    line("a", 2, None, product=5),
    line("B", 1, "X", product=9, returned=True),
]


@pytest.fixture
def connection():
    with connect() as connection:
        yield connection


def test_codes_are_in_the_order_of_what_they_stand_for(connection, tmp_path):
    path = write_lines(tmp_path / "lines.parquet", LINES)
    with coded(connection, path, tmp_path / "lake") as lines:
        lines.attach()
        found = connection.execute(
            f"SELECT order_id, customer_id, product_id, product_code, is_return FROM {TABLE} "
            "ORDER BY ordered_at"
        ).fetchall()
    assert found == [(3, 2, 9, 2, False), (2, None, 5, 1, False), (1, 1, 9, 2, True)]
    names = connection.execute(f"FROM {CUSTOMERS} ORDER BY code").fetchall()
    assert names == [(1, "X"), (2, NAME)]


@pytest.mark.parametrize(
    ("last", "types"),
    [
        ({"price": "9999.9999"}, ["INTEGER", "DECIMAL(8,4)", "DECIMAL(8,4)"]),
        ({"price": "10000"}, ["BIGINT", "DECIMAL(18,4)", "DECIMAL(18,4)"]),
        ({"listed": "10000"}, ["BIGINT", "DECIMAL(18,4)", "DECIMAL(18,4)"]),
        ({"quantity": 2**31}, ["BIGINT", "DECIMAL(8,4)", "DECIMAL(8,4)"]),
    ],
)
def test_types_are_narrow_where_the_largest_fits(connection, tmp_path, last, types):
    path = write_lines(tmp_path / "lines.parquet", [*LINES, line("c", 1, **last)])
    with coded(connection, path, tmp_path / "lake") as lines:
        lines.attach()
        shown = {
            name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {TABLE}").fetchall()
        }
        largest = connection.execute(f"SELECT max(unit_price * quantity) FROM {TABLE}").fetchall()
    assert [shown[name] for name in ("quantity", "unit_price", "list_price")] == types
    assert largest == [(Decimal(last.get("price", "10")) * last.get("quantity", 1),)]


def test_nothing_is_written_before_a_view_is_computed_and_nothing_stays(connection, tmp_path):
    path = write_lines(tmp_path / "lines.parquet", LINES)
    lake = tmp_path / "lake"
    with coded(connection, path, lake) as lines:
        assert len(lines.digest) == 64
        assert not list(lake.rglob("*.parquet"))
        lines.attach()
        (written,) = lake.rglob("*.parquet")
        before = written.stat().st_mtime_ns
        lines.attach()
        assert written.stat().st_mtime_ns == before
        assert NAME.encode() not in written.read_bytes()
    assert not lake.exists()
