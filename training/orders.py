"""Any order file to canonical order lines, exact and counted.

Read for the lake, lines are staged on the disk once customers are pseudonyms; without a staging
all is kept in memory. Each dropped line is counted by reason; what the mapping does not declare
as droppable is an error that names file, column and row.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from training import narrow_lines, parsed_lines, priced_lines
from training.errors import OrderError
from training.left_out import LeftOut
from training.mapping import Mapping
from training.order_check import check, check_expressions
from training.order_file import literal, open_raw, unreadable
from training.staging import Staging, Unstaged


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a file gave. ``dropped``: reason → lines, declared in the mapping."""

    file: str
    mapping: str
    rows: int
    lines: int
    dropped: dict[str, int]
    orders: int
    customers: int
    products: int
    returns: int
    lines_without_customer: int
    first: str
    last: str
    currency: str
    has_unit_cost: bool
    left_out: LeftOut = LeftOut()


def connect(
    memory: str = "700MB", threads: int = 2, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with a bound on memory, times in UTC.

    What does not fit goes to the folder ``spill``; without one it is an error, because raw
    lines name shoppers and must not reach the disk.
    """
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = '{memory}'")
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"SET temp_directory = {literal(str(spill) if spill else '')}")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def sync(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: Mapping,
    shop: str,
    staging: Staging | None = None,
) -> SyncReport:
    """Read ``path`` into ``lines``: a view of the staged file, or a table with raw customers.

    Raises OrderError for missing columns, unreadable dates, bad numbers, negative prices
    and mixed currencies; then no lines are left behind.
    """
    try:
        return _sync(connection, path, mapping, shop, staging)
    except duckdb.Error as error:
        raise unreadable(path, error) from error


def _sync(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    mapping: Mapping,
    shop: str,
    staging: Staging | None,
) -> SyncReport:
    check_expressions(connection, mapping)
    open_raw(connection, path, mapping)
    described = connection.execute("DESCRIBE raw").fetchall()
    parsed = parsed_lines.query(mapping, {str(row[0]): str(row[1]) for row in described})
    unstaged = Unstaged()
    if staging is None:
        connection.execute(f"CREATE TEMP TABLE parsed AS {parsed}")
    else:
        unstaged = staging.stage(connection, parsed)
    check(connection, path, mapping)
    _number_products(connection, path, mapping)
    narrow_lines.number(connection)
    rows = _rows(connection, unstaged)
    if not connection.execute("SELECT count(*) FROM placed").fetchall()[0][0]:
        raise OrderError(path.name, "at least one usable order line", f"{_dropped(rows, mapping)}")
    if staging is None:
        lines = narrow_lines.wide(priced_lines.query(mapping), shop)
        connection.execute(f"CREATE TEMP TABLE lines AS {lines}")
    else:
        staging.keep(connection, priced_lines.query(mapping))
    return SyncReport(
        file=path.name,
        mapping=mapping.name,
        rows=sum(rows.values()),
        dropped=_dropped(rows, mapping),
        left_out=unstaged.left_out,
        **_counts(connection),
    )


def _number_products(connection: duckdb.DuckDBPyConnection, path: Path, mapping: Mapping) -> None:
    """Integers stay; text becomes the first 53 bits of its SHA-256. Collisions are refused.

    The mapping says which, never the data: a product keeps its number in every file.
    """
    number = "CAST(product AS BIGINT)"
    if mapping.product_ids.kind == "text":
        number = "CAST('0x' || substr(sha256(product), 1, 14) AS BIGINT) >> 3"
    connection.execute(f"""
        CREATE TEMP TABLE products AS
        SELECT product, {number} AS product_id
        FROM (SELECT DISTINCT product FROM parsed WHERE excluded IS NULL)""")
    clash = connection.execute(
        "SELECT product_id, list(product) FROM products GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if clash:
        raise OrderError(f"{path.name} product ids", "no two with one number", clash[0][1])


def _rows(connection: duckdb.DuckDBPyConnection, unstaged: Unstaged) -> Counter[int | None]:
    """The number of the exclusion that holds (None: none, a line) → rows of the file."""
    found = connection.execute("SELECT excluded, count(*) FROM parsed GROUP BY 1").fetchall()
    return Counter(dict(found)) + Counter(unstaged.rows)


def _dropped(rows: Counter[int | None], mapping: Mapping) -> dict[str, int]:
    return {e.reason: rows[i] for i, e in enumerate(mapping.exclude) if i in rows}


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What ``lines`` holds, as a report tells it."""
    row: tuple[Any, ...] = connection.execute("""
        SELECT count(*), (SELECT count(*) FROM placed), (SELECT count(*) FROM named_customer),
            (SELECT count(*) FROM products), count(*) FILTER (is_return),
            count(*) FILTER (customer_id IS NULL), min(ordered_at), max(ordered_at),
            min(currency), count(unit_cost) = count(*)
        FROM lines""").fetchall()[0]
    return {
        "lines": row[0],
        "orders": row[1],
        "customers": row[2],
        "products": row[3],
        "returns": row[4],
        "lines_without_customer": row[5],
        "first": str(row[6]),
        "last": str(row[7]),
        "currency": str(row[8] or ""),
        "has_unit_cost": bool(row[9]),
    }
