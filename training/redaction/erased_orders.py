"""Orders a sync has read and left out, so that it knows them by their number the next time.

Orders are read as they change, disputes whole and ids swept each time: what tells later of an
order names only its number. The record of a redaction knows the orders that were here when it was
made; the rest is noted as a sync meets it, as the same digests, in ``lake/shop``.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path

import duckdb

from training.order_file import literal

FILE = "erased_orders.parquet"


def know(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Add what earlier syncs left out to the table ``erased_orders`` (``erased.name``)."""
    place = folder / FILE
    if place.is_file():
        path = literal(place.as_posix())
        connection.execute(f"INSERT INTO erased_orders SELECT digest FROM read_parquet({path})")


def note(connection: duckdb.DuckDBPyConnection, folder: Path, query: str) -> None:
    """Keep the digests of the orders ``query`` names (``order_id``), beside those of before."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE noted AS SELECT DISTINCT "
        "sha256((SELECT secret FROM erased_secret) || CAST(order_id AS VARCHAR)) AS digest "
        f"FROM ({query})"
    )
    connection.execute("DELETE FROM noted WHERE digest IN (SELECT digest FROM erased_orders)")
    if not connection.execute("SELECT count(*) FROM noted").fetchall()[0][0]:
        return
    place = folder / FILE
    all_of_them = "SELECT digest FROM noted"
    if place.is_file():
        path = literal(place.as_posix())
        all_of_them += f" UNION ALL SELECT digest FROM read_parquet({path})"
    partial = place.with_name(f".{FILE}")
    path = literal(partial.as_posix())
    connection.execute(f"COPY ({all_of_them}) TO {path} (FORMAT parquet, COMPRESSION zstd)")
    partial.replace(place)
    connection.execute("INSERT INTO erased_orders SELECT digest FROM noted")
