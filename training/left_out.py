"""Customers whose rows are taken out before anything is made of them."""

from collections.abc import Collection

import duckdb
import msgspec


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers with how many rows were taken out."""

    customers: int = 0
    lines: int = 0


def take_out(
    connection: duckdb.DuckDBPyConnection, subjects: Collection[str], table: str = "lines"
) -> LeftOut:
    """Delete the rows of these customers (pseudonyms, in ``customer_id``) from a table."""
    if not subjects:
        return LeftOut()
    import pyarrow as pa  # noqa: PLC0415 - a sync takes nobody out, and has no room for it

    names = pa.table({"subject": sorted(subjects)}, schema=pa.schema([("subject", pa.string())]))
    connection.register("left_out", names)
    try:
        counted = connection.execute(
            "SELECT count(DISTINCT customer_id), count(*) "  # noqa: S608 - our own table
            f"FROM {table} WHERE customer_id IN (SELECT subject FROM left_out)"
        ).fetchall()[0]
        connection.execute(
            f"DELETE FROM {table} "  # noqa: S608 - our own table
            "WHERE customer_id IN (SELECT subject FROM left_out)"
        )
    finally:
        connection.unregister("left_out")
    return LeftOut(customers=counted[0], lines=counted[1])
