"""What a sync has read so far, in one file beside the lake; a kill leaves the last commit.

Rows and the place they were read up to are one transaction. Rows are pseudonymised before
they come here. The database appends only; what counts is found when all is merged.
"""

# ruff: noqa: S608 - names are those of columns.py and streams.py

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import msgspec

from training.order_file import literal
from training.shop.columns import TABLES, TIME
from training.shop.rows import Row, Value

FILE = "staging.duckdb"
Rows: TypeAlias = Sequence[tuple[Any, ...]]
_json = msgspec.json.Encoder()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one stream is.

    ``windows`` are the spans of updated_at still to be read, the first one by ``operation``,
    whose rows carry the number ``batch`` and were read up to the byte ``offset``; pages go on
    behind ``cursor``. Times are RFC 3339, by Shopify's clock: ``intent`` is when the operation
    was about to be started, ``since`` when the first one was.
    """

    windows: tuple[tuple[str | None, str | None], ...] = ((None, None),)
    operation: str | None = None
    intent: str | None = None
    since: str | None = None
    batch: int = 0
    offset: int = 0
    cursor: str | None = None
    attempts: int = 0
    done: bool = False
    problem: str | None = None


class Staging:
    """The staging file of one sync, open in this process alone."""

    def __init__(self, folder: Path, memory: str, threads: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        spill = folder / "spill"
        self.path = folder / FILE
        self.connection = duckdb.connect(self.path.as_posix())
        for setting in (
            f"memory_limit = '{memory}'",
            f"threads = {threads}",
            f"temp_directory = {literal(spill.as_posix())}",
            "TimeZone = 'UTC'",
            "enable_progress_bar = false",
            "preserve_insertion_order = false",
        ):
            self.connection.execute(f"SET {setting}")
        self._make()

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def fact(self, name: str) -> str | None:
        """What was kept about the sync as a whole."""
        found = self.connection.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchall()
        return found[0][0] if found else None

    def keep_fact(self, name: str, value: str) -> None:
        """Keep something about the sync as a whole."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])

    def progress(self, stream: str) -> Progress:
        """How far a stream is."""
        found = self.connection.execute(
            "SELECT progress FROM streams WHERE stream = ?", [stream]
        ).fetchall()
        return msgspec.json.decode(found[0][0], type=Progress) if found else Progress()

    def set_progress(self, stream: str, progress: Progress) -> None:
        """Keep how far a stream is."""
        self.connection.execute(
            "INSERT OR REPLACE INTO streams VALUES (?, ?)",
            [stream, msgspec.json.encode(progress).decode()],
        )

    def forget(
        self, stream: str, tables: Sequence[str], batch: int | None, progress: Progress
    ) -> None:
        """Drop the rows of one batch (None: of all), and go on from there."""
        with self._transaction():
            for table in tables:
                chosen = "" if batch is None else f"WHERE batch = {batch:d}"
                self.connection.execute(f"DELETE FROM {table} {chosen}")
            self.set_progress(stream, progress)

    def add(self, stream: str, rows: Iterable[Row], progress: Progress) -> None:
        """Rows and how far they go, together or not at all; raises Unreadable."""
        by_table: dict[str, list[tuple[Value, ...]]] = {}
        for table, values in rows:
            by_table.setdefault(table, []).append(values)
        with self._transaction():
            for name, several in by_table.items():
                columns = [(column.name, column.type) for column in TABLES[name].columns]
                self._insert(staged_name(name), columns, several, progress.batch)
            self.set_progress(stream, progress)

    def add_seen(
        self, stream: str, table: str, seen: Sequence[tuple[Any, Any]], progress: Progress
    ) -> None:
        """Ids of a sweep and how far they go, together or not at all."""
        columns = (("id", TABLES[table].columns[0].type), ("updated_at", TIME))
        with self._transaction():
            self._insert(seen_name(table), columns, seen, progress.batch)
            self.set_progress(stream, progress)

    def newest(self, table: str) -> datetime | None:
        """The latest change among the staged rows of a table."""
        found = self.connection.execute(
            f"SELECT max(updated_at) FROM {staged_name(table)}"
        ).fetchall()
        moment: datetime | None = found[0][0]
        return moment

    def count(self, name: str) -> int:
        """Rows of a staged table."""
        found = self.connection.execute(f"SELECT count(*) FROM {name}").fetchall()
        return int(found[0][0])

    def _insert(
        self, table: str, columns: Sequence[tuple[str, str]], rows: Rows, number: int
    ) -> None:
        """Rows of one batch.

        As JSON, which the database makes exact types of: Arrow would bring pandas along, and
        both together are larger than all else a sync holds.
        """
        names = [name for name, _ in columns]
        texts = [_json.encode(dict(zip(names, row, strict=True))).decode() for row in rows]
        shape = _json.encode(dict(columns)).decode()
        self.connection.execute(
            f"INSERT INTO {table} SELECT unnest(line), {number:d} FROM "
            f"(SELECT from_json_strict(unnest(?::VARCHAR[]), {literal(shape)}) AS line)",
            [texts],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def _make(self) -> None:
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS facts (name VARCHAR PRIMARY KEY, value VARCHAR)"
        )
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS streams (stream VARCHAR PRIMARY KEY, progress VARCHAR)"
        )
        for table in TABLES.values():
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            self.connection.execute(
                f"CREATE TABLE IF NOT EXISTS {staged_name(table.name)} ({columns}, batch INTEGER)"
            )
            if table.parent is None:
                self.connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {seen_name(table.name)} "
                    f"(id {table.columns[0].type}, updated_at TIMESTAMP, batch INTEGER)"
                )


def staged_name(table: str) -> str:
    """The staged rows of a table."""
    return f"staged_{table}"


def seen_name(table: str) -> str:
    """The ids a sweep saw of a table."""
    return f"seen_{table}"
