"""Rows of Parquet files that are about somebody, told by their columns: counted, left out.

A file is written again without them and takes the old one's place in one rename; the old one is
unlinked by that. Everything else in it stays, in its order.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, names are ours

import secrets
from collections.abc import Collection
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from training.order_file import literal, quoted

SUBJECT_COLUMNS = ("customer_id", "customer_pseudonym", "entity")
ORDER_COLUMNS = ("order_id", "order")
PARTIAL = ".redacting"


class Rows:
    """Rows whose customer is one of ``subjects`` or whose order is one of ``orders``."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        subjects: Collection[str],
        orders: Collection[str],
    ) -> None:
        self.connection = connection
        self._name("erased_subjects", subjects)
        self._name("erased_orders", orders)

    def test(self, path: Path) -> str | None:
        """The condition that holds for such rows of a file; None where no column tells."""
        return condition(pq.read_schema(path).names)

    def count(self, path: Path, test: str | None) -> int:
        """Rows of a file for which a condition holds."""
        return 0 if test is None else self._counted(path, f"WHERE {test}")

    def total(self, path: Path) -> int:
        """All rows of a file."""
        return self._counted(path, "")

    def keep(self, path: Path, test: str, target: Path, group: int | None = None) -> None:
        """Write the rows for which a condition does not hold, in their order."""
        options = "FORMAT parquet, COMPRESSION zstd"
        options += f", ROW_GROUP_SIZE {group}" if group else ""
        source, place = literal(path.as_posix()), literal(target.as_posix())
        self.connection.execute(
            f"COPY (SELECT * FROM read_parquet({source}) WHERE NOT ({test})) TO {place} ({options})"
        )

    def take_out(self, path: Path, test: str) -> None:
        """The file without the rows, in its place; killed, it is one or the other."""
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            self.keep(path, test, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _counted(self, path: Path, where: str) -> int:
        source = literal(path.as_posix())
        query = f"SELECT count(*) FROM read_parquet({source}) {where}"
        return int(self.connection.execute(query).fetchall()[0][0])

    def _name(self, table: str, names: Collection[str]) -> None:
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT unnest(CAST(? AS VARCHAR[])) AS name",
            [sorted(names)],
        )


def condition(columns: Collection[str]) -> str | None:
    """Holds for a row whose customer or order is named; None without such a column."""
    who = [quoted(column) for column in SUBJECT_COLUMNS if column in columns]
    what = [f"CAST({quoted(column)} AS VARCHAR)" for column in ORDER_COLUMNS if column in columns]
    tests = [f"{column} IN (SELECT name FROM erased_subjects)" for column in who]
    tests += [f"{column} IN (SELECT name FROM erased_orders)" for column in what]
    return " OR ".join(f"coalesce({test}, false)" for test in tests) or None
