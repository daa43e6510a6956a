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

from training import narrow_lines
from training.errors import OrderError
from training.left_out import LeftOut
from training.mapping import Mapping
from training.order_check import check, check_expressions, optional_money
from training.order_file import ROW, condition_sql, literal, open_raw, quoted, unreadable
from training.staging import Staging, Unstaged

MONEY = "DECIMAL(18, 4)"
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")
ORDER = "ORDER BY ordered_at, order_id, line"


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
    parsed = _parsed(mapping, {str(row[0]): str(row[1]) for row in described})
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
        lines = narrow_lines.wide(_lines(mapping), shop)
        connection.execute(f"CREATE TEMP TABLE lines AS {lines}")
    else:
        staging.keep(connection, _lines(mapping))
    return SyncReport(
        file=path.name,
        mapping=mapping.name,
        rows=sum(rows.values()),
        dropped=_dropped(rows, mapping),
        left_out=unstaged.left_out,
        **_counts(connection),
    )


def _text(column: str) -> str:
    return f"nullif(trim(CAST({quoted(column)} AS VARCHAR)), '')"


def _decimal(column: str) -> str:
    return f"TRY_CAST({quoted(column)} AS {MONEY})"


def _identifier(column: str, kind: str) -> str:
    if kind == "integer":
        return f"CAST(TRY_CAST({quoted(column)} AS BIGINT) AS VARCHAR)"
    return f"lower({_text(column)})" if kind == "email" else _text(column)


def _time(mapping: Mapping, kind: str) -> str:
    """``kind``: the type of the column as the file has it."""
    column = quoted(mapping.columns.ordered_at)
    zone = literal(mapping.timezone)
    if mapping.dates.format is None and kind in ("TIMESTAMP", "TIMESTAMP_NS", "DATE"):
        if mapping.timezone == "UTC":
            return f"CAST({column} AS TIMESTAMP)"
        # The microseconds of the instant are UTC's: no second look at the calendar.
        return f"make_timestamp(epoch_us(timezone({zone}, CAST({column} AS TIMESTAMP))))"
    if mapping.dates.format is None:
        text = f"CAST({column} AS VARCHAR)"
        # With an offset the text is an instant, without one a time in the shop's zone.
        aware = (
            f"regexp_matches({text}, '(Z|[+-][0-9]{{2}}:?([0-9]{{2}})?)$') AND length({text}) > 10"
        )
        instant = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        local = f"timezone('UTC', timezone({zone}, TRY_CAST({text} AS TIMESTAMP)))"
        dated = (
            f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$') THEN {local} "
        )
        return f"{dated} WHEN {aware} THEN {instant} ELSE {local} END"
    parsed = f"try_strptime({_text(mapping.columns.ordered_at)}, {literal(mapping.dates.format)})"
    if "%z" in mapping.dates.format:
        return f"timezone('UTC', CAST({parsed} AS TIMESTAMPTZ))"
    return f"timezone('UTC', timezone({zone}, {parsed}))"


def _order_id(mapping: Mapping) -> str:
    names = mapping.columns.order_id
    if isinstance(names, str):
        return _text(names)
    return " || '/' || ".join(_text(name) for name in names)


def _product(mapping: Mapping) -> str:
    names = mapping.columns.product_id
    several = (names,) if isinstance(names, str) else names
    kind = mapping.product_ids.kind
    return f"coalesce({', '.join(_identifier(name, kind) for name in several)})"


def _returned(mapping: Mapping) -> str:
    returns, tests = mapping.returns, ["false"]
    if returns.order_id_prefix:
        tests.append(f"starts_with({_order_id(mapping)}, {literal(returns.order_id_prefix)})")
    if returns.status_column:
        listed = ", ".join(literal(status) for status in returns.statuses)
        tests.append(f"{_text(returns.status_column)} IN ({listed})")
    return f"coalesce({' OR '.join(tests)}, false)"


def _excluded(mapping: Mapping) -> str:
    """The number of the first exclusion that holds, else null."""
    if not mapping.exclude:
        return "CAST(NULL AS INTEGER)"
    cases = " ".join(
        f"WHEN {' AND '.join(condition_sql(c) for c in exclusion.when)} THEN {index}"
        for index, exclusion in enumerate(mapping.exclude)
    )
    return f"CASE {cases} END"


def _parsed(mapping: Mapping, kinds: dict[str, str]) -> str:
    """``kinds``: column → its type in view ``raw``."""
    columns = mapping.columns
    price = columns.unit_price or columns.line_total or ""
    cost = columns.unit_cost or columns.line_cost
    number = f"TRY_CAST({quoted(columns.quantity)} AS DOUBLE)"
    sums = [f"coalesce({_decimal(name)}, 0)" for name in columns.discount]
    currency = _text(columns.currency) if columns.currency else literal(mapping.currency or "")
    labels = [_text(name) for name in columns.product_label]
    null = "CAST(NULL AS VARCHAR)"
    optional = "".join(
        f", {_text(name)} IS NOT NULL AND coalesce({_decimal(name)} < 0, true) AS unfit_{place}"
        for place, name in enumerate(optional_money(columns))
    )
    customer = (
        _identifier(columns.customer_id, mapping.customer_ids.kind) if columns.customer_id else null
    )
    money_null = f"CAST(NULL AS {MONEY})"
    return f"""
        SELECT {ROW} AS row, {_excluded(mapping)} AS excluded, {_order_id(mapping)} AS order_id,
            {_time(mapping, kinds[columns.ordered_at])} AS ordered_at, {customer} AS customer,
            {_product(mapping)} AS product,
            {f"concat_ws(' ', {', '.join(labels)})" if labels else null} AS product_label,
            {_text(columns.category) if columns.category else null} AS category,
            CASE WHEN {number} = round({number}) THEN TRY_CAST({number} AS BIGINT) END AS quantity,
            {_decimal(price)} AS price, {" + ".join(sums) or f"CAST(0 AS {MONEY})"} AS discount,
            {_decimal(columns.list_price) if columns.list_price else money_null} AS list_price,
            {_decimal(columns.order_discount) if columns.order_discount else money_null}
                AS order_discount,
            {_decimal(cost) if cost else money_null} AS cost, {currency} AS currency,
            {_returned(mapping)} AS is_return,
            {_has(columns.customer_id, kinds)} AS has_customer{optional}
        FROM raw"""


def _has(column: str | None, kinds: dict[str, str]) -> str:
    """Whether a line has something there; blanks are nothing, and numbers are never blank."""
    if column is None:
        return "false"
    return f"{quoted(column) if kinds[column] in NUMBERS else _text(column)} IS NOT NULL"


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


def _lines(mapping: Mapping) -> str:
    """Narrow ones: codes for names, the place for the order."""
    columns = mapping.columns
    quantity = "abs(quantity)"
    before = mapping.amounts.price_before_discount
    stated = "abs(price)" if columns.line_total else f"abs(price) * {quantity}"
    gross = stated if before else f"({stated} + discount)"
    off = _off(mapping, gross)
    paid = _rounded(_units(f"{gross} - {off}"), quantity)
    whole = _rounded(_units(gross), quantity)
    if columns.unit_price and before:
        # Divided by the quantity it was multiplied with: most lines can do without.
        paid, whole = f"CASE WHEN {off} = 0 THEN abs(price) ELSE {paid} END", "abs(price)"
    listed = "list_price" if columns.list_price else whole
    cost = _rounded(_units("cost"), quantity) if columns.line_cost else "cost"
    return f"""
        SELECT place, row, product_id, {narrow_lines.CODES}, {quantity} AS quantity,
            CAST({paid} AS {MONEY}) AS unit_price,
            CAST(greatest({listed}, {paid}) AS {MONEY}) AS list_price,
            CAST({off} AS {MONEY}) AS discount,
            CAST({cost} AS {MONEY}) AS unit_cost, is_return
        FROM parsed JOIN products USING (product) {narrow_lines.JOINS} WHERE excluded IS NULL
        WINDOW of_order AS (PARTITION BY place)"""


def _off(mapping: Mapping, gross: str) -> str:
    """What is taken off a line."""
    columns = mapping.columns
    if not columns.order_discount:
        return f"least({gross}, discount)" if columns.discount else f"CAST(0 AS {MONEY})"
    of_order = f"nullif({_units(f'sum({gross}) OVER of_order')}, 0)"
    # An order's discount is spread over its lines by their amounts.
    share = _rounded(f"{_units('order_discount')} * {_units(gross)}", of_order)
    return f"least({gross}, discount + coalesce({share}, 0))"


def _units(amount: str) -> str:
    """An amount as a whole number of ten-thousandths: SQL's ``/`` would make it a float."""
    return f"CAST(({amount}) * 10000 AS HUGEINT)"


def _rounded(units: str, divisor: str) -> str:
    """Ten-thousandths, none negative, divided exactly and rounded half up, as money."""
    quotient = f"(2 * ({units}) + {divisor}) // (2 * {divisor})"
    return f"CAST(CAST({quotient} AS DECIMAL(38, 0)) * 0.0001 AS {MONEY})"


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
