"""Does the future leak into what is learned from? By time, and by rows on both sides.

Asked of the snapshot's Parquet itself, not of the code that wrote it.
"""
# ruff: noqa: S608 - names and values are quoted by order_file.quoted and literal

from pathlib import Path

import duckdb
import msgspec

from bentos.fraud import schema as fraud
from bentos.pricing import schema as pricing
from bentos.recommendations import schema as recommendations
from training.nightly.finding import SHOWN_ROWS, Finding
from training.order_file import literal

# Ordinary rows may be alike by chance; a copied file makes many.
MOST_TWINS = 0.01


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """How a snapshot is split. SQL over its rows: when a row is from, whether it is learned
    from, and what makes two rows the same one."""

    table: str
    moment: str
    learned: str
    row: str


def sides_of(model: str, border: int) -> Sides:
    """The split of a model's snapshot; ``border`` (µs) is asked for by recommendations alone."""
    return {
        fraud.MODEL: Sides(
            table="fraud_orders.parquet",
            moment="ordered_at",
            learned="split <> 'test'",
            row=f"hash({', '.join(fraud.FEATURE_NAMES)}, label)",
        ),
        recommendations.MODEL: Sides(
            table="purchases.parquet",
            moment="make_timestamp(moment)",
            learned=f"moment < {int(border)}",
            row="hash(customer, order_number, product_id)",
        ),
        pricing.MODEL: Sides(
            table="product_weeks.parquet",
            moment="CAST(begins AS TIMESTAMP)",
            learned="NOT held_out",
            row="hash(product_id, begins)",
        ),
    }[model]


def border_of(model: str, folder: Path) -> int:
    """Where recommendations split (µs): its snapshot holds no column that says so."""
    if model != recommendations.MODEL:
        return 0
    from training.recommendations.windows import border  # noqa: PLC0415 - Arrow

    return border(folder)


def find(
    connection: duckdb.DuckDBPyConnection, folder: Path, sides: Sides
) -> tuple[tuple[Finding, ...], str, int]:
    """What leaks, the moment of the split, and how many test rows are learned from as well."""
    path = literal((folder / sides.table).as_posix())
    connection.execute(f"""
        CREATE OR REPLACE TEMP VIEW rows AS
        SELECT {sides.moment} AS moment, {sides.learned} AS learned, {sides.row} AS print
        FROM read_parquet({path})""")
    learned, border, tests = connection.execute("""
        SELECT max(moment) FILTER (learned), min(moment) FILTER (NOT learned),
            count(*) FILTER (NOT learned) FROM rows""").fetchall()[0]
    found = []
    if learned is not None and border is not None and learned >= border:
        found.append(_late(connection, border))
    twins = int(
        connection.execute("""
            SELECT count(*) FROM rows WHERE NOT learned
            AND print IN (SELECT print FROM rows WHERE learned)""").fetchall()[0][0]
    )
    if tests and twins > MOST_TWINS * tests:
        found.append(_twins(connection, twins, tests))
    return tuple(found), str(border), twins


def _late(connection: duckdb.DuckDBPyConnection, border: object) -> Finding:
    rows = connection.execute(
        "SELECT moment, count(*) FROM rows WHERE learned AND moment >= ? GROUP BY 1 ORDER BY 1 "
        f"LIMIT {SHOWN_ROWS}",
        [border],
    ).fetchall()
    return Finding(
        check="leakage in time",
        what=f"expected nothing learned from {border} on, where the test window begins",
        rows=tuple({"moment": str(moment), "rows": count} for moment, count in rows),
    )


def _twins(connection: duckdb.DuckDBPyConnection, twins: int, tests: int) -> Finding:
    rows = connection.execute(
        "SELECT print, min(moment) FILTER (learned), min(moment) FILTER (NOT learned), count(*) "
        "FROM rows GROUP BY 1 HAVING count(*) FILTER (learned) > 0 AND "
        f"count(*) FILTER (NOT learned) > 0 ORDER BY 2 LIMIT {SHOWN_ROWS}"
    ).fetchall()
    return Finding(
        check="duplicates across the split",
        what=(
            f"expected at most {MOST_TWINS:.0%} of the {tests} test rows among those learned "
            f"from, got {twins}"
        ),
        rows=tuple(
            {"row": f"{key:016x}", "learned": str(one), "tested": str(other), "times": count}
            for key, one, other, count in rows
        ),
    )
