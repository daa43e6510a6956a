"""Who never comes back: what was erased may lie in an order file still, or in the shop.

The records of redactions keep digests of the pseudonyms and order numbers. Rows they fit are left
out wherever orders come in: the merchant's file that still holds them, a bulk result read again.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bentos import redaction_files
from bentos.contract import canonical

if TYPE_CHECKING:
    import duckdb


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """Digests (SHA-256 hex) of pseudonyms and of order numbers, sorted."""

    subjects: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Equal for the same people and orders."""
        return canonical.digest(msgspec.to_builtins(self))

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.subjects or self.orders)


def load(lake: Path) -> Erased:
    """All who were erased from a lake; raises ContractError for a record that is none."""
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    return Erased(
        subjects=tuple(sorted({name for each in records for name in each.subjects_sha256})),
        orders=tuple(sorted({name for each in records for name in each.orders_sha256})),
    )


def without(connection: "duckdb.DuckDBPyConnection", erased: Erased, query: str) -> str:
    """A query of order lines (``customer``, a pseudonym, and ``order_id``) without theirs."""
    if not erased:
        return query
    name(connection, erased)
    theirs = [
        f"coalesce(sha256({column}) IN (SELECT digest FROM erased_{which}), false)"
        for column, which, digests in (
            ("customer", "subjects", erased.subjects),
            ("order_id", "orders", erased.orders),
        )
        if digests
    ]
    return f"SELECT * FROM ({query}) WHERE NOT ({' OR '.join(theirs)})"


def fits(table: str, column: str, which: str) -> str:
    """The condition that a column names one of the ``which`` (``subjects``, ``orders``) that were
    named before; each value is digested once."""
    return (
        f"{column} IN (SELECT {column} FROM (SELECT DISTINCT {column} FROM {table}) "
        f"WHERE sha256(CAST({column} AS VARCHAR)) IN (SELECT digest FROM erased_{which}))"
    )


def delete(connection: "duckdb.DuckDBPyConnection", table: str, test: str) -> int:
    """Delete rows; how many there were."""
    return int(connection.execute(f"DELETE FROM {table} WHERE {test}").fetchall()[0][0])


def name(connection: "duckdb.DuckDBPyConnection", erased: Erased) -> None:
    """Make the digests known to a connection, for ``fits``."""
    for which, digests in (("subjects", erased.subjects), ("orders", erased.orders)):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE erased_{which} AS "
            "SELECT unnest(CAST(? AS VARCHAR[])) AS digest",
            [list(digests)],
        )
