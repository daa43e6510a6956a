"""The questions tonight's lines have to pass before anything learns from them.

Each is about what happens to shops: a column that changed its type, a day that was loaded twice,
clocks that are ahead, prices below nothing, two currencies, a column that is suddenly empty, a
flood of products nobody knew, orders that stopped coming. Days are UTC. Newest days are compared
with the weeks before them, so a young shop is asked less.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import duckdb

from training.nightly import advice
from training.nightly.finding import SHOWN_ROWS, Finding

# Fewer lines a day say nothing about the day.
MIN_LINES = 20
# A day counts as a copy when this share of its lines is found again.
COPIED = 0.5
COPY_DAYS = 7
# Clocks of shops and of this machine may differ that much.
SKEW = timedelta(minutes=5)
BEFORE_DAYS = 28
UNSEEN = 0.5
UNSEEN_TIMES_USUAL = 5.0
COLLAPSED = 0.05
MIN_USUAL_LINES = 100
OFTEN_FILLED = 0.5
MAY_BE_EMPTY = ("customer_id", "category", "product_label", "unit_cost")
AMOUNTS = ("unit_price", "list_price", "discount", "unit_cost")
SHOWN = ("order_id", "line", "ordered_at", "product_id", "quantity", "unit_price", "currency")
ON_DAY = "CAST(ordered_at AS DATE) = ?"

Connection: TypeAlias = duckdb.DuckDBPyConnection
Check: TypeAlias = Callable[[Connection], Finding | None]


class Fault(NamedTuple):
    """What is asked for, where, and what was expected of it."""

    check: str
    column: str
    what: str
    counted: bool = False
    """Whether how many lines it is has still to be said."""


def find(
    connection: Connection, now: datetime, max_age_days: float | None, since: datetime | None
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Names of the checks and what they found in view ``lines``.

    ``since``: lines before it passed an earlier night; only what compares days looks at fewer.
    """
    _days(connection, since)
    checks: dict[str, Check] = {
        advice.CLOCK: lambda c: future_orders(c, now),
        advice.PRICE: negative_prices,
        advice.CURRENCY: mixed_currencies,
        advice.COPIED: duplicated_day,
        advice.EMPTIED: emptied_column,
        advice.UNSEEN: unseen_flood,
        advice.STOPPED: lambda c: stopped(c, now, max_age_days),
    }
    found = [check(connection) for check in checks.values()]
    return tuple(checks), tuple(finding for finding in found if finding is not None)


def schema_change(before: dict[str, str], now: dict[str, str]) -> Finding | None:
    """Columns that are gone, or of another type than last night. New ones change nothing."""
    gone = sorted(before.keys() - now.keys())
    retyped = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
    if not gone and not retyped:
        return None
    rows = [{"column": name, "last night": before[name], "now": "missing"} for name in gone]
    rows += [{"column": n, "last night": before[n], "now": now[n]} for n in retyped]
    what = f"expected the columns of last night, {len(rows)} are gone or of another type"
    return Finding(
        check=advice.SCHEMA,
        what=what,
        column=str(rows[0]["column"]),
        rows=tuple(rows[:SHOWN_ROWS]),
        advice=advice.advice(advice.SCHEMA),
    )


def future_orders(connection: Connection, now: datetime) -> Finding | None:
    """Orders from after the present."""
    limit = (now + SKEW).astimezone(UTC).replace(tzinfo=None)
    what = f"expected no order after {limit:%Y-%m-%d %H:%M} UTC"
    return _rows_where(
        connection, Fault(advice.CLOCK, "ordered_at", what, counted=True), "ordered_at > ?", [limit]
    )


def negative_prices(connection: Connection) -> Finding | None:
    """Prices, discounts or costs below nothing."""
    for column in AMOUNTS:
        fault = Fault(advice.PRICE, column, f"expected no {column} below 0", counted=True)
        found = _rows_where(connection, fault, f"{column} < 0", [])
        if found is not None:
            return found
    return None


def mixed_currencies(connection: Connection) -> Finding | None:
    """More than one currency: prices of different ones must not be learned as one."""
    counts = connection.execute(
        "SELECT currency, count(*) FROM lines GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if len(counts) < 2:
        return None
    usual = counts[0][0]
    what = f"expected one currency ({usual}), got {dict(counts)}"
    fault = Fault(advice.CURRENCY, "currency", what)
    return _rows_where(connection, fault, "currency IS DISTINCT FROM ?", [usual])


def duplicated_day(connection: Connection) -> Finding | None:
    """A day whose lines are there twice, or are those of a day of the week before."""
    days = connection.execute(f"""
        WITH again AS (
            -- Few prints are there more than once: only those are looked at by day.
            SELECT print FROM prints GROUP BY 1 HAVING count(*) > 1
        ), counted AS (
            SELECT day, print, count(*) AS n FROM prints WHERE print IN (FROM again) GROUP BY 1, 2
        ), marked AS (
            SELECT day, n, coalesce(
                day - lag(day) OVER (PARTITION BY print ORDER BY day) <= {COPY_DAYS}, false
            ) AS copied
            FROM counted
        ), found AS (
            SELECT day, coalesce(sum(n) FILTER (n > 1), 0) AS twice,
                coalesce(sum(n) FILTER (copied), 0) AS copied
            FROM marked GROUP BY day
        )
        SELECT day, lines, twice / lines AS twice, copied / lines AS copied
        FROM found JOIN (SELECT day, count(*) AS lines FROM prints GROUP BY 1) USING (day)
        WHERE lines >= {MIN_LINES} AND greatest(twice, copied) >= {COPIED} * lines
        ORDER BY day""").fetchall()
    if not days:
        return None
    day, lines, twice, copied = days[0]
    which = "twice" if twice >= copied else "as they were on a day of the week before"
    what = (
        f"expected every day once, {max(twice, copied):.0%} of the {lines} lines of {day} "
        f"are there {which} ({len(days)} such days)"
    )
    return _rows_where(connection, Fault(advice.COPIED, "ordered_at", what), ON_DAY, [day])


def emptied_column(connection: Connection) -> Finding | None:
    """A column without a value on the newest day that had some in the weeks before."""
    newest = _newest(connection)
    if newest is None:
        return None
    parts = ", ".join(
        f"count({name}) FILTER (day = $newest), "
        f"avg(CAST({name} IS NOT NULL AS DOUBLE)) FILTER (day < $newest)"
        for name in MAY_BE_EMPTY
    )
    row = connection.execute(
        f"SELECT {parts} FROM (SELECT *, CAST(ordered_at AS DATE) AS day FROM lines "
        "WHERE CAST(ordered_at AS DATE) BETWEEN $first AND $newest)",
        {"newest": newest, "first": newest - timedelta(days=BEFORE_DAYS)},
    ).fetchall()[0]
    for place, name in enumerate(MAY_BE_EMPTY):
        filled, usual = row[2 * place], row[2 * place + 1]
        if not filled and (usual or 0.0) >= OFTEN_FILLED:
            what = f"expected {name} on {newest} (usually filled in {usual:.0%}), all are null"
            return _rows_where(connection, Fault(advice.EMPTIED, name, what), ON_DAY, [newest])
    return None


def unseen_flood(connection: Connection) -> Finding | None:
    """A day on which most lines are of products, or categories, that nobody knew before it."""
    newest = _newest(connection)
    if newest is None:
        return None
    for column in ("product_id", "category"):
        shares = connection.execute(
            f"""
            WITH dated AS (
                SELECT CAST(ordered_at AS DATE) AS day, {column} AS value FROM lines
                WHERE {column} IS NOT NULL
            ), first AS (SELECT value, min(day) AS first_day FROM dated GROUP BY 1)
            SELECT day, avg(CAST(day = first_day AS DOUBLE)) FROM dated JOIN first USING (value)
            WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1""",
            [newest - timedelta(days=BEFORE_DAYS), newest],
        ).fetchall()
        before = sorted(share for _, share in shares[:-1])
        if len(before) < 7 or shares[-1][0] != newest:
            continue
        usual, share = before[len(before) // 2], shares[-1][1]
        if share > max(UNSEEN, UNSEEN_TIMES_USUAL * usual):
            what = (
                f"expected about {usual:.0%} of the lines of {newest} with a {column} never seen "
                f"before, got {share:.0%}"
            )
            test = (
                f"CAST(ordered_at AS DATE) = ? AND {column} NOT IN (SELECT {column} FROM lines "
                f"WHERE CAST(ordered_at AS DATE) < ? AND {column} IS NOT NULL)"
            )
            fault = Fault(advice.UNSEEN, column, what)
            return _rows_where(connection, fault, test, [newest, newest])
    return None


def stopped(connection: Connection, now: datetime, max_age_days: float | None) -> Finding | None:
    """Orders that no longer come, or hardly: the newest too old, or a day next to empty."""
    last = connection.execute("SELECT max(ordered_at) FROM lines").fetchall()[0][0]
    age = now - last.replace(tzinfo=UTC)
    if max_age_days is not None and age > timedelta(days=max_age_days):
        what = f"expected an order within {max_age_days:g} days, the newest is {age.days} days old"
        fault = Fault(advice.STOPPED, "ordered_at", what)
        return _rows_where(connection, fault, "ordered_at = ?", [last])
    # The last day may not be over: the one before it is the newest that can be judged.
    days = connection.execute("""
        SELECT CAST(ordered_at AS DATE) AS day, count(*) FROM lines GROUP BY 1
        ORDER BY 1 DESC LIMIT 40""").fetchall()[1:]
    if not days:
        return None
    day, lines = days[0]
    same = sorted(n for other, n in days[1:] if other.isoweekday() == day.isoweekday())
    usual = same[len(same) // 2] if len(same) >= 3 else 0
    if usual < MIN_USUAL_LINES or lines >= COLLAPSED * usual:
        return None
    what = f"expected about {usual} lines on {day} as on other days of its name, got {lines}"
    return _rows_where(connection, Fault(advice.STOPPED, "ordered_at", what), ON_DAY, [day])


def _days(connection: Connection, since: datetime | None) -> None:
    """View ``prints``: each sale's day, and what it has in common with its copy.

    Lines of guests at midnight sharp come from sets that know the day alone; two of them may be
    alike without being the same.
    """
    begin = "TIMESTAMP '0001-01-01'"
    if since is not None:
        begin = f"TIMESTAMP '{since - timedelta(days=COPY_DAYS + 1):%Y-%m-%d}'"
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW prints AS
        SELECT CAST(ordered_at AS DATE) AS day,
            hash(customer_id, product_id, quantity, unit_price, CAST(ordered_at AS TIME)) AS print
        FROM lines WHERE NOT is_return AND ordered_at >= {begin}
            AND (customer_id IS NOT NULL OR CAST(ordered_at AS TIME) <> TIME '00:00:00')""")


def _newest(connection: Connection) -> Any:
    """The newest day with enough lines to say something."""
    rows = connection.execute(f"""
        SELECT CAST(ordered_at AS DATE) AS day FROM lines GROUP BY 1
        HAVING count(*) >= {MIN_LINES} ORDER BY 1 DESC LIMIT 1""").fetchall()
    return rows[0][0] if rows else None


def _rows_where(
    connection: Connection, fault: Fault, test: str, values: list[Any]
) -> Finding | None:
    """The finding with its first rows, if any row fails the test."""
    counts = connection.execute(f"SELECT count(*) FROM lines WHERE {test}", values).fetchall()
    if not counts[0][0]:
        return None
    also = "" if fault.column in (*SHOWN, "customer_id") else f", {fault.column}"
    rows = connection.execute(
        f"SELECT {', '.join(SHOWN)}{also} FROM lines WHERE {test} "
        f"ORDER BY ordered_at, order_id, line LIMIT {SHOWN_ROWS}",
        values,
    )
    names = [column[0] for column in rows.description or ()]
    shown = tuple({k: str(v) for k, v in zip(names, row, strict=True)} for row in rows.fetchall())
    count = f", got {counts[0][0]} line(s)" if fault.counted else ""
    return Finding(
        check=fault.check,
        what=f"{fault.what}{count}",
        column=fault.column,
        rows=shown,
        advice=advice.advice(fault.check),
    )
