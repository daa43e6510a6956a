"""What parsed order lines must hold; the first line that does not is named and stops the run."""

# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from collections.abc import Iterator
from itertools import compress
from pathlib import Path
from typing import TypeAlias

import duckdb

from training.errors import OrderError
from training.mapping import Columns, Mapping
from training.order_file import ROW, literal, quoted

SHOWN_ROWS = 5
# What must not be (SQL over ``parsed``), the columns it was read from, what was expected.
Check: TypeAlias = tuple[str, str | tuple[str, ...], str]

UNTOLD = "something else"
NOT_NEGATIVE = "no negative price"
MAX_PRODUCT_ID = 2**53 - 1
MAX_QUANTITY = 10**9
# A year outside of these is a slip of the pen, and would stretch every calendar.
FIRST_YEAR, LAST_YEAR = 1970, 2099


def check_expressions(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Try the zone, the date format and the patterns of a mapping before any line is read."""
    patterns = [c.matches for e in mapping.exclude for c in e.when if c.matches is not None]
    trials = [
        ("timezone", "a time zone such as Europe/Berlin", "timezone(?, now())", mapping.timezone),
        *(
            ("exclude matches", "a regular expression", "regexp_matches('', ?)", pattern)
            for pattern in patterns
        ),
    ]
    if mapping.dates.format is not None:
        form = mapping.dates.format
        trials.append(("dates.format", "a strptime format", "try_strptime('', ?)", form))
    for field, expected, trial, value in trials:
        try:
            connection.execute(f"SELECT {trial}", [value]).fetchall()
        except duckdb.Error as error:
            raise OrderError(f"mapping {mapping.name} {field}", expected, value) from error


def optional_money(columns: Columns) -> tuple[str, ...]:
    """Columns of money that a line may leave empty; what stands in them must be readable."""
    single = (columns.unit_cost, columns.line_cost, columns.list_price, columns.order_discount)
    return (*(name for name in single if name is not None), *columns.discount)


def check(connection: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping) -> None:
    """Look through table ``parsed``, exclusions left out.

    Raises OrderError naming file, column, row, what was expected and what came.
    """
    checks = (*_id_checks(mapping), *_value_checks(mapping))
    # All in one look; only what some line fails is looked at by itself.
    tests = ", ".join(f"coalesce(bool_or({test}), false)" for test, _, _ in checks)
    failed = connection.execute(f"SELECT {tests} FROM parsed WHERE excluded IS NULL").fetchall()[0]
    for test, names, expected in compress(checks, failed):
        check = "negative price" if expected == NOT_NEGATIVE else ""
        _refuse_first(connection, path, test, names, expected, check)
    first = connection.execute(
        "SELECT currency FROM parsed WHERE excluded IS NULL ORDER BY row LIMIT 1"
    ).fetchall()
    if first and mapping.columns.currency:
        other = f"currency <> {literal(first[0][0])}"
        expected = f"one currency a file ({first[0][0]} as in the lines before)"
        _refuse_first(connection, path, other, mapping.columns.currency, expected, "currency mix")


def _id_checks(mapping: Mapping) -> Iterator[Check]:
    columns = mapping.columns
    yield "order_id IS NULL", columns.order_id, "an order number"
    if columns.customer_id:
        # It would silently make a guest of a customer.
        unread = "has_customer AND customer IS NULL"
        yield unread, columns.customer_id, f"a customer id ({mapping.customer_ids.kind}) or nothing"
    if mapping.product_ids.kind == "text":
        yield "product IS NULL", columns.product_id, "a product"
    else:
        unfit = f"coalesce(CAST(product AS BIGINT) NOT BETWEEN 0 AND {MAX_PRODUCT_ID}, true)"
        yield unfit, columns.product_id, f"an integer in 0..{MAX_PRODUCT_ID}"


def _value_checks(mapping: Mapping) -> Iterator[Check]:
    columns = mapping.columns
    price = columns.unit_price or columns.line_total or ""
    years = f"{FIRST_YEAR} AND {LAST_YEAR}"
    date = f"a date as {mapping.dates.format or 'ISO 8601'} between {years}"
    yield f"coalesce(year(ordered_at) NOT BETWEEN {years}, true)", columns.ordered_at, date
    yield "quantity IS NULL", columns.quantity, "a whole number"
    at_least = "at least 1 (the mapping declares what a return looks like)"
    yield "quantity = 0 OR (quantity < 0 AND NOT is_return)", columns.quantity, at_least
    yield f"abs(quantity) > {MAX_QUANTITY}", columns.quantity, f"at most {MAX_QUANTITY}"
    yield "price IS NULL", price, "an amount of money"
    yield "price < 0 AND NOT is_return", price, NOT_NEGATIVE
    for place, name in enumerate(optional_money(columns)):
        yield f"unfit_{place}", name, "an amount of money, not negative, or nothing"
    if columns.currency:
        unfit = "coalesce(NOT regexp_full_match(currency, '[A-Z]{3}'), true)"
        yield unfit, columns.currency, "a currency code of three capital letters"


def _refuse_first(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    test: str,
    names: str | tuple[str, ...],
    expected: str,
    check: str = "",
) -> None:
    bad = connection.execute(
        "SELECT row, count(*) OVER () FROM parsed "
        f"WHERE excluded IS NULL AND ({test}) ORDER BY row LIMIT {SHOWN_ROWS}"
    ).fetchall()
    if not bad:
        return
    (row, count), name = bad[0], names if isinstance(names, str) else names[0]
    # Read once more: kept for every line, the values as written would double the memory.
    numbers = ", ".join(str(number) for number, _ in bad)
    written = connection.execute(
        f"SELECT {ROW}, CAST({quoted(name)} AS VARCHAR) FROM raw WHERE {ROW} IN ({numbers})"
    ).fetchall()
    values = dict(written) if "customer" not in test else dict.fromkeys(dict(written), UNTOLD)
    error = OrderError(
        f"{path.name} column {str(names)!r} row {row}",
        expected,
        values[row],
        f"{count} line(s) like this; rows are counted from 1 below the header. "
        "A mapping may declare such lines under [[exclude]].",
    )
    error.check, error.column = check, name
    error.rows = tuple({"row": number, name: str(values[number])} for number, _ in bad)
    raise error
