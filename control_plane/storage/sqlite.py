"""SQLite in WAL mode: one file, one machine, one writer at a time.

Writes start with BEGIN IMMEDIATE, so that what a rule has read is still true when its
change commits. The writer's pool holds a single connection: writers queue in the process
instead of polling SQLite's lock.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlmodel import Session

BUSY_TIMEOUT_MS = 10_000
POOL_TIMEOUT_S = 10
READERS = 8
CHECKPOINT_S = 5.0
"""So long the log's emptying waits for whoever reads old pages; it holds up every change."""
# The primary result codes that say "not now", not "not like this": sqlite.org/rescode.html.
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


class Sqlite:
    """The engines over one file."""

    def __init__(self, path: Path, *, maintenance: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        check = "OFF" if maintenance else "ON"
        self.writer = _engine(path, "BEGIN IMMEDIATE", check, pool_size=1)
        self.reader = _engine(path, "BEGIN", check, pool_size=READERS)
        self._watch = sqlite3.connect(path, check_same_thread=False, isolation_level=None)

    def data_version(self) -> int:
        """SQLite keeps one, per connection: sqlite.org/pragma.html#pragma_data_version."""
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def announce(self, session: Session) -> None:
        """Nobody listens: another process that writes to the file is found by its version."""

    def listen(self, heard: Callable[[], None]) -> None:
        """See ``announce``."""

    def unresolved(self, connection: Connection) -> list[str]:
        """sqlite.org/pragma.html#pragma_foreign_key_check."""
        found = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return sorted({row[0] for row in found})

    def rewrite(self, tables: Sequence[str]) -> bool:
        """Take all rows out and put them back: SQLite zeroes the pages of an emptied table
        (secure_delete), which it does not do for pages it has only rearranged. Then empty the log.

        VACUUM would do it for the whole file, and hold up every change for as long as that takes.
        """
        with self.writer.begin() as connection:
            for table in tables:
                rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608 - ours
                connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - ours
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    values = [tuple(row) for row in rows]
                    connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - ours
        with closing(
            sqlite3.connect(self._path, timeout=CHECKPOINT_S, isolation_level=None)
        ) as connection:
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def is_away(self, error: BaseException | None) -> bool:
        """Whether an error says that the file cannot be used at present."""
        if not isinstance(error, sqlite3.Error):
            return False
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _AWAY

    def dispose(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        self.reader.dispose()
        self._watch.close()


def _engine(path: Path, begin: str, foreign_keys: str, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        # An error's text goes to the log: not with the values of the statement.
        hide_parameters=True,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: an event that was acknowledged survives a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA foreign_keys={foreign_keys}")
        # What is erased is overwritten: see ``rewrite``.
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
