"""The database: SQLite in WAL mode, one writer at a time, one commit per request.

Reads see one snapshot. Writes start with BEGIN IMMEDIATE, so that what a rule has read
is still true when its change commits. The writer's pool holds a single connection:
writers queue in the process instead of polling SQLite's lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NewType

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlmodel import Session

BUSY_TIMEOUT_MS = 10_000
READERS = 8

ReadSession = NewType("ReadSession", Session)
"""May only select."""
WriteSession = NewType("WriteSession", ReadSession)
"""May change things; committed once, by whoever opened it."""


class Database:
    """Hands out sessions; knows nothing of what is stored."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.writer = _engine(path, "BEGIN IMMEDIATE", pool_size=1)
        self._reader = _engine(path, "BEGIN", pool_size=READERS)
        self._watch = sqlite3.connect(path, check_same_thread=False, isolation_level=None)

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """A session over one consistent snapshot."""
        with Session(self._reader, autoflush=False, expire_on_commit=False) as session:
            yield ReadSession(session)

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        """A session whose changes are committed at the end, or all undone.

        The lock is taken by the first statement, not here, so that a request that waits
        for a thread does not hold it.
        """
        with Session(self.writer, expire_on_commit=False) as session:
            yield WriteSession(ReadSession(session))
            session.commit()

    def data_version(self) -> int:
        """A number that changes whenever anybody, in any process, has committed."""
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def dispose(self) -> None:
        """Close all connections."""
        self.writer.dispose()
        self._reader.dispose()
        self._watch.close()


def _engine(path: Path, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
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
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
