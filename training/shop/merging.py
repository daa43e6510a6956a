"""What was staged and what the lake held before, to the tables that count next.

A parent's newest row wins, its children come with it from the same operation; what the shop
no longer has becomes a tombstone. Merging the same staged rows again gives the same tables.

What grows with the shop is joined in a statement of its own, one large join each: those of one
statement hold their memory together, and what is held cannot be spilled.
"""

# ruff: noqa: S608 - names are those of columns.py, paths are quoted by literal

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from training.order_file import literal
from training.shop.columns import TABLES, Table
from training.shop.staging import seen_name, staged_name
from training.shop.tables import Contents

ROW_GROUP = 50_000


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """How one stream is merged.

    ``complete``: what was staged is all there is. ``swept``: the ids of all there is were
    seen. ``visible_from``: older rows are out of sight, so their absence says nothing.
    """

    table: str
    child: str | None = None
    complete: bool = False
    swept: bool = False
    visible_from: datetime | None = None
    synced_at: datetime


class Lateness(msgspec.Struct, frozen=True, kw_only=True):
    """Rows a sweep saw that were not read, or only as they were before."""

    rows: int
    oldest: datetime | None


class Merging:
    """Writes the tables of one sync to ``folder``, as generation ``number``."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        number: int,
        before: dict[str, Contents],
    ) -> None:
        self._run = connection.execute
        self._folder = folder
        self._number = number
        self._before = before

    def merge(self, how: Merge) -> dict[str, Contents]:
        """A stream's tables."""
        table = TABLES[how.table]
        self._old(table)
        self._take(table)
        self._find_gone(table, how)
        written = {table.name: self._write(table, self._parents(table, how))}
        if how.child is not None:
            child = TABLES[how.child]
            self._old(child)
            written[child.name] = self._write(child, self._children(child, how.synced_at))
        return written

    def merge_refunds(self, synced_at: datetime, orders_gone: bool) -> dict[str, Contents]:
        """Refunds, by the orders whose refunds were read. Follows the merge of orders."""
        table = TABLES["refunds"]
        self._old(table)
        if not orders_gone:
            self._run("CREATE OR REPLACE TEMP TABLE gone AS SELECT 0::BIGINT AS id LIMIT 0")
        self._run(
            "CREATE OR REPLACE TEMP TABLE taken AS SELECT order_id AS id, max(batch) AS batch, "
            "max(updated_at) AS updated_at, 0::BIGINT AS place "
            f"FROM {staged_name('refunds')} GROUP BY 1"
        )
        return {"refunds": self._write(table, self._children(table, synced_at))}

    def lateness(self, table: str, until: datetime) -> Lateness:
        """What a sweep saw, changed before ``until``, that the written table does not hold."""
        key = TABLES[table].key[0]
        now = literal((self._folder / self._file(table)).as_posix())
        row = self._run(
            f"SELECT count(*), min(s.updated_at) FROM {seen_name(table)} s "
            f"LEFT JOIN read_parquet({now}) n ON n.{key} = s.id AND n.deleted_at IS NULL "
            "WHERE s.updated_at < ? AND (n.updated_at IS NULL OR n.updated_at < s.updated_at)",
            [until],
        ).fetchall()[0]
        return Lateness(rows=row[0], oldest=row[1])

    def _old(self, table: Table) -> None:
        before = self._before.get(table.name)
        if before is not None:
            path = literal((self._folder / before.file).as_posix())
            source = f"SELECT * FROM read_parquet({path})"
        else:
            empty = [f"NULL::{column.type} AS {column.name}" for column in table.columns]
            empty += ["NULL::TIMESTAMP AS synced_at", "NULL::TIMESTAMP AS deleted_at"]
            source = f"SELECT {', '.join(empty)} LIMIT 0"
        self._run(f"CREATE OR REPLACE TEMP VIEW old_{table.name} AS {source}")

    def _take(self, table: Table) -> None:
        """The staged row that counts, of each id; one older than the lake's does not."""
        key = table.key[0]
        self._run(f"""
            CREATE OR REPLACE TEMP TABLE taken AS
            SELECT s.id, s.batch, s.updated_at, s.place FROM (
                SELECT {key} AS id, batch, updated_at, rowid AS place,
                    row_number() OVER (
                        PARTITION BY {key} ORDER BY updated_at DESC, batch DESC, rowid DESC
                    ) AS newest
                FROM {staged_name(table.name)}
            ) s LEFT JOIN (
                SELECT {key} AS id, updated_at FROM old_{table.name} WHERE deleted_at IS NULL
            ) o ON o.id = s.id
            WHERE newest = 1 AND (o.updated_at IS NULL OR s.updated_at >= o.updated_at)""")

    def _find_gone(self, table: Table, how: Merge) -> None:
        key = table.key[0]
        if how.complete:
            there = f"SELECT {key} FROM {staged_name(table.name)}"
        elif how.swept:
            there = f"SELECT id FROM {seen_name(table.name)}"
        else:
            there = f"SELECT {key} FROM old_{table.name} UNION ALL SELECT id FROM taken"
        seen_from = ""
        if how.visible_from is not None:
            seen_from = f"AND created_at >= TIMESTAMP {literal(str(how.visible_from))}"
        self._run(f"""
            CREATE OR REPLACE TEMP TABLE gone AS
            SELECT id FROM (
                SELECT {key} AS id FROM old_{table.name} WHERE deleted_at IS NULL {seen_from}
                UNION
                SELECT {key} AS id FROM {staged_name(table.name)} WHERE true {seen_from}
            ) WHERE id NOT IN ({there})""")

    def _parents(self, table: Table, how: Merge) -> str:
        key, names = table.key[0], ", ".join(table.names)
        now = f"TIMESTAMP {literal(str(how.synced_at))}"
        old, staged, gone = f"old_{table.name}", staged_name(table.name), "SELECT id FROM gone"
        self._run(f"""
            CREATE OR REPLACE TEMP TABLE fresh AS
            SELECT place FROM taken WHERE id NOT IN ({gone})""")
        self._run(f"""
            CREATE OR REPLACE TEMP TABLE lost AS
            SELECT place FROM taken WHERE id IN ({gone})
                AND id NOT IN (SELECT {key} FROM {old} WHERE deleted_at IS NULL)""")
        return f"""
            SELECT {names}, {now} AS synced_at, NULL::TIMESTAMP AS deleted_at
            FROM {staged} WHERE rowid IN (SELECT place FROM fresh)
            UNION ALL
            SELECT {names}, synced_at, deleted_at FROM {old} ANTI JOIN taken ON taken.id = {key}
            WHERE deleted_at IS NOT NULL OR {key} NOT IN ({gone})
            UNION ALL
            SELECT {_tombstone(table)}, {now}, {now} FROM (
                SELECT {names} FROM {old} WHERE {key} IN ({gone}) AND deleted_at IS NULL
                UNION ALL
                SELECT {names} FROM {staged} WHERE rowid IN (SELECT place FROM lost)
            )"""

    def _children(self, child: Table, synced_at: datetime) -> str:
        key, names, of = ", ".join(child.key), ", ".join(child.names), child.parent
        now, old, staged = (
            f"TIMESTAMP {literal(str(synced_at))}",
            f"old_{child.name}",
            staged_name(child.name),
        )
        # Order lines have no change of their own: they are as new as their order.
        values = ", ".join(
            "coalesce(c.updated_at, taken.updated_at) AS updated_at"
            if name == "updated_at"
            else f"c.{name}"
            for name in child.names
        )
        came = f"""{staged} c JOIN taken ON taken.id = c.{of} AND taken.batch = c.batch
            WHERE c.{of} NOT IN (SELECT id FROM gone)"""
        self._find_removed(child, came)
        return f"""
            SELECT {values}, {now} AS synced_at, NULL::TIMESTAMP AS deleted_at
            FROM {came} AND c.rowid NOT IN (SELECT place FROM doubled)
            UNION ALL
            SELECT {names}, synced_at, deleted_at FROM {old}
            ANTI JOIN touched ON touched.id = {of}
            UNION ALL
            SELECT {_tombstone(child)}, CASE WHEN deleted_at IS NULL THEN {now} ELSE synced_at END,
                coalesce(deleted_at, {now})
            FROM {old} SEMI JOIN removed USING ({key})"""

    def _find_removed(self, child: Table, came: str) -> None:
        """Old children that did not come with their parents again, and what came twice."""
        key = ", ".join(child.key)
        self._run(
            "CREATE OR REPLACE TEMP TABLE touched AS SELECT id FROM taken UNION SELECT id FROM gone"
        )
        self._run(
            f"CREATE OR REPLACE TEMP TABLE came AS SELECT {key}, max(c.rowid) AS place, "
            f"count(*) AS copies FROM {came} GROUP BY {key}"
        )
        self._run(
            "CREATE OR REPLACE TEMP TABLE doubled AS SELECT c.rowid AS place "
            f"FROM {staged_name(child.name)} c JOIN came USING ({key}) "
            "WHERE came.copies > 1 AND c.rowid <> came.place"
        )
        self._run(
            f"CREATE OR REPLACE TEMP TABLE removed AS SELECT {key} FROM old_{child.name} "
            f"ANTI JOIN came USING ({key}) WHERE {child.parent} IN (SELECT id FROM touched)"
        )

    def _write(self, table: Table, select: str) -> Contents:
        file = self._file(table.name)
        place = self._folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        self._run(
            f"COPY ({select}) TO {literal(place.as_posix())} "
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        )
        counted: Sequence[int] = self._run(
            f"SELECT count(*), count(deleted_at) FROM read_parquet({literal(place.as_posix())})"
        ).fetchall()[0]
        return Contents(file=file, rows=counted[0], deleted=counted[1])

    def _file(self, table: str) -> str:
        return f"{table}/{self._number:06d}.parquet"


def _tombstone(table: Table) -> str:
    """Ids and the last change; all else forgotten."""
    kept = {*table.key, table.parent, "updated_at"}
    return ", ".join(
        column.name if column.name in kept else f"NULL::{column.type} AS {column.name}"
        for column in table.columns
    )
