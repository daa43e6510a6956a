"""Lines are the same written by number as joined by name, whatever a row group cuts through."""

import duckdb
import pytest
from pyarrow import parquet

from tests.training.made_up_shop import made_up_orders, write_orders_export
from training import allowed_columns, narrow_lines, orders, priced_lines
from training import mapping as mappings


@pytest.fixture
def connection(tmp_path):
    path = write_orders_export(tmp_path / "o.csv", made_up_orders()[:300])
    with orders.connect() as connection:
        orders.sync(connection, path, mappings.load("shopify_orders_export"), "shop")
        yield connection


@pytest.mark.parametrize("rows", [narrow_lines.GROUP_ROWS, 7, 1])
def test_names_and_numbers_are_those_of_the_table(connection, tmp_path, monkeypatch, rows):
    monkeypatch.setattr(narrow_lines, "GROUP_ROWS", rows)
    query = priced_lines.query(mappings.load("shopify_orders_export"))
    path = tmp_path / "lines.parquet"
    narrow_lines.write(connection, query, "shop", path)
    allowed_columns.check(path)
    columns = ", ".join(allowed_columns.LINES)
    wanted = connection.execute(
        f"SELECT {columns} FROM lines ORDER BY ordered_at, order_id, line"
    ).fetchall()
    assert duckdb.execute(f"FROM read_parquet('{path}')").fetchall() == wanted
    assert max(row[2] for row in wanted) > 1
    assert parquet.ParquetFile(path).metadata.num_row_groups == -(-len(wanted) // rows)


def test_a_column_of_names_may_be_empty(connection, tmp_path):
    query = priced_lines.query(mappings.load("shopify_orders_export"))
    path = tmp_path / "lines.parquet"
    narrow_lines.write(
        connection, f"SELECT * REPLACE (NULL::INTEGER AS category) FROM ({query})", "shop", path
    )
    assert parquet.read_table(path)["category"].null_count == parquet.read_metadata(path).num_rows
