"""What parsed order lines must hold; the first line that does not is named and stops the run."""

# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from pathlib import Path

import duckdb

from training.errors import OrderError
from training.mapping import Mapping
from training.order_file import literal

MAX_PRODUCT_ID = 2**53 - 1


def check(connection: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping) -> None:
    """Look through table ``parsed``, exclusions left out.

    Raises OrderError naming file, column, row, what was expected and what came.
    """
    columns = mapping.columns
    price = columns.unit_price or columns.line_total or ""
    form = mapping.dates.format or "ISO 8601"
    checks: list[tuple[str, str, str, str]] = [
        ("order_id IS NULL", str(columns.order_id), "an order number", "order_id"),
        ("ordered_at IS NULL", columns.ordered_at, f"a date as {form}", "raw_time"),
        _product_check(mapping),
        ("quantity IS NULL", columns.quantity, "a whole number", "raw_quantity"),
        (
            "quantity = 0 OR (quantity < 0 AND NOT is_return)",
            columns.quantity,
            "at least 1 (the mapping declares what a return looks like)",
            "raw_quantity",
        ),
        ("price IS NULL", price, "an amount of money", "raw_price"),
        ("price < 0 AND NOT is_return", price, "no negative price", "raw_price"),
        ("cost < 0", columns.unit_cost or columns.line_cost or "", "no negative cost", "raw_cost"),
        ("currency IS NULL", columns.currency or "", "a currency code", "currency"),
    ]
    for test, column, expected, shown in checks:
        _refuse_first(connection, path, test, column, expected, shown)
    first = connection.execute(
        "SELECT currency FROM parsed WHERE excluded IS NULL ORDER BY row LIMIT 1"
    ).fetchall()
    if first:
        currency = first[0][0]
        other = f"currency <> {literal(currency)}"
        expected = f"one currency a file ({currency} as in the lines before)"
        _refuse_first(connection, path, other, columns.currency or "", expected, "currency")


def _product_check(mapping: Mapping) -> tuple[str, str, str, str]:
    column = str(mapping.columns.product_id)
    if mapping.product_ids.kind == "text":
        return "product IS NULL", column, "a product", "raw_product"
    unfit = f"coalesce(CAST(product AS BIGINT) NOT BETWEEN 0 AND {MAX_PRODUCT_ID}, true)"
    return unfit, column, f"an integer in 0..{MAX_PRODUCT_ID}", "raw_product"


def _refuse_first(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    test: str,
    column: str,
    expected: str,
    shown: str,
) -> None:
    query = (
        f"SELECT row, {shown}, count(*) OVER () FROM parsed "
        f"WHERE excluded IS NULL AND ({test}) ORDER BY row LIMIT 1"
    )
    bad = connection.execute(query).fetchall()
    if not bad:
        return
    row, value, count = bad[0]
    raise OrderError(
        f"{path.name} column {column!r} row {row}",
        expected,
        value,
        f"{count} line(s) like this; rows are counted from 1 below the header. "
        "A mapping may declare such lines under [[exclude]].",
    )
