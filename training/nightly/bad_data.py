"""The questions tonight's lines have to pass before anything learns from them.

Each is about what happens to shops: a column that changed its type, a day that was loaded twice,
clocks that are ahead, prices below nothing, two currencies, a column that is suddenly empty, a
flood of products nobody knew, orders that stopped coming. Days are UTC. Newest days are compared
with the weeks before them, so a young shop is asked less.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import duckdb

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
SHOWN = "order_id, line, ordered_at, product_id, quantity, unit_price, currency"

Connection: TypeAlias = duckdb.DuckDBPyConnection
Check: TypeAlias = Callable[[Connection], Finding | None]


def find(
    connection: Connection, now: datetime, max_age_days: float | None, since: datetime | None
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Names of the checks and what they found in view ``lines``.

    ``since``: lines before it passed an earlier night; only what compares days looks at fewer.
    """
    _days(connection, since)
    checks: dict[str, Check] = {
        "clock skew": lambda c: future_orders(c, now),
        "negative price": negative_prices,
        "currency mix": mixed_currencies,
        "duplicated day": duplicated_day,
        "all-null column": emptied_column,
        "unseen categories": unseen_flood,
        "a table that stops": lambda c: stopped(c, now, max_age_days),
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
    return Finding(check="schema change", what=what, rows=tuple(rows[:SHOWN_ROWS]))


def future_orders(connection: Connection, now: datetime) -> Finding | None:
    """Orders from after the present."""
    limit = (now + SKEW).astimezone(UTC).replace(tzinfo=None)
    what = f"expected no order after {limit:%Y-%m-%d %H:%M} UTC"
    return _rows_where(connection, "clock skew", what, "ordered_at > ?", [limit])


def negative_prices(connection: Connection) -> Finding | None:
    """Prices, discounts or costs below nothing."""
    test = "unit_price < 0 OR list_price < 0 OR discount < 0 OR unit_cost < 0"
    return _rows_where(connection, "negative price", "expected no amount below 0", test, [])


def mixed_currencies(connection: Connection) -> Finding | None:
    """More than one currency: prices of different ones must not be learned as one."""
    counts = connection.execute(
        "SELECT currency, count(*) FROM lines GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if len(counts) < 2:
        return None
    usual = counts[0][0]
    what = f"expected one currency ({usual}), got {dict(counts)}"
    return _rows_where(
        connection, "currency mix", what, "currency IS DISTINCT FROM ?", [usual], counted=False
    )


def duplicated_day(connection: Connection) -> Finding | None:
    """A day whose lines are there twice, or are those of a day of the week before."""
    days = connection.execute(f"""
        WITH marked AS (
            SELECT day, print, count(*) OVER (PARTITION BY day, print) > 1 AS twice
            FROM prints
        ), earlier AS (
            SELECT day, print, lag(day) OVER (PARTITION BY print ORDER BY day) AS before
            FROM (SELECT DISTINCT day, print FROM prints)
        )
        SELECT day, count(*) AS lines, avg(CAST(twice AS DOUBLE)) AS twice,
            avg(CAST(coalesce(day - before <= {COPY_DAYS}, false) AS DOUBLE)) AS copied
        FROM marked JOIN earlier USING (day, print)
        GROUP BY day HAVING lines >= {MIN_LINES} AND greatest(twice, copied) >= {COPIED}
        ORDER BY day""").fetchall()
    if not days:
        return None
    day, lines, twice, copied = days[0]
    which = "twice" if twice >= copied else "as they were on a day of the week before"
    what = (
        f"expected every day once, {max(twice, copied):.0%} of the {lines} lines of {day} "
        f"are there {which} ({len(days)} such days)"
    )
    return _rows_where(
        connection, "duplicated day", what, "CAST(ordered_at AS DATE) = ?", [day], counted=False
    )


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
            test = "CAST(ordered_at AS DATE) = ?"
            return _rows_where(connection, "all-null column", what, test, [newest], counted=False)
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
            return _rows_where(connection, "unseen categories", what, test, [newest, newest])
    return None


def stopped(connection: Connection, now: datetime, max_age_days: float | None) -> Finding | None:
    """Orders that no longer come, or hardly: the newest too old, or a day next to empty."""
    last = connection.execute("SELECT max(ordered_at) FROM lines").fetchall()[0][0]
    age = now - last.replace(tzinfo=UTC)
    if max_age_days is not None and age > timedelta(days=max_age_days):
        what = f"expected an order within {max_age_days:g} days, the newest is {age.days} days old"
        return _rows_where(
            connection, "a table that stops", what, "ordered_at = ?", [last], counted=False
        )
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
    test = "CAST(ordered_at AS DATE) = ?"
    return _rows_where(connection, "a table that stops", what, test, [day], counted=False)


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
    connection: Connection,
    check: str,
    what: str,
    test: str,
    values: list[Any],
    *,
    counted: bool = True,
) -> Finding | None:
    """The finding with its first rows, if any row fails the test."""
    counts = connection.execute(f"SELECT count(*) FROM lines WHERE {test}", values).fetchall()
    if not counts[0][0]:
        return None
    rows = connection.execute(
        f"SELECT {SHOWN} FROM lines WHERE {test} ORDER BY ordered_at, order_id, line "
        f"LIMIT {SHOWN_ROWS}",
        values,
    )
    names = [column[0] for column in rows.description or ()]
    shown = tuple({k: str(v) for k, v in zip(names, row, strict=True)} for row in rows.fetchall())
    said = f"{what}, got {counts[0][0]} line(s)" if counted and ", got " not in what else what
    return Finding(check=check, what=said, rows=shown)
