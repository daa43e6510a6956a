"""What was bought, by number, in order of orders and products."""

from pyarrow import parquet

from tests.training.features.sales import line, write_lines
from training.orders import connect
from training.recommendations.features import PURCHASES_FILE, write_snapshot


def purchases(tmp_path, lines, as_of=None):
    path = write_lines(tmp_path / "lines.parquet", lines)
    with connect() as connection:
        rows = write_snapshot(connection, path, tmp_path, as_of=as_of)
    table = parquet.read_table(tmp_path / PURCHASES_FILE)
    assert len(table) == rows
    return [tuple(row.values()) for row in table.drop(["moment"]).to_pylist()]


def test_a_product_of_an_order_is_one_row_and_guests_have_no_number(tmp_path):
    lines = [
        line("b", 1, "C2", product=9),
        line("b", 1, "C2", product=5),
        line("b", 1, "C2", product=9, quantity=4),
        line("a", 2, None, product=9),
        line("c", 0.5, "C1", product=7, returned=True),
        line("d", 0.2, "C1", product=7),
    ]
    assert purchases(tmp_path, lines) == [(-1, 0, 9), (0, 1, 5), (0, 1, 9), (1, 2, 7)]
    assert purchases(tmp_path, lines, as_of=lines[0][1]) == [(-1, 0, 9)]


def test_an_order_of_two_customers_is_one_order(tmp_path):
    lines = [
        line("b", 1, "C2", product=9),
        line("b", 1, "C1", product=5),
        line("b", 1, "C1", product=9),
        line("c", 0, "C1", product=1),
    ]
    found = purchases(tmp_path, lines)
    assert [row[1:] for row in found] == [(0, 5), (0, 9), (0, 9), (1, 1)]
    assert {row[0] for row in found if row[1:] == (0, 9)} == {0, 1}
