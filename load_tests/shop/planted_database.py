"""The control plane's database in the drill: SQLite's files, or a PostgreSQL's.

PostgreSQL's write-ahead log is looked into by itself: only its keeper can have it let go, as
docs/redaction.md says, and the drill does the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from load_tests.shop.planted_places import POSTGRESQL, SQLITE, Place, PlantedReader
from tests.planted_data import Finding

LOG = "data/pg_wal"


class Control(Protocol):
    """Which database, and how it is looked into."""

    url: str
    place: Place

    def found(self, home: Path, reader: PlantedReader, /) -> list[Finding]:
        """What its files hold, freed pages included."""

    def in_log(self, reader: PlantedReader, /) -> list[Finding]:
        """What a log that only its keeper can empty holds."""

    def empty_log(self) -> None:
        """As its keeper does."""


class SqliteControl:
    """The home's file, its log and what it has freed."""

    url = ""
    place = SQLITE

    def found(self, home: Path, reader: PlantedReader) -> list[Finding]:
        """What its files hold, freed pages included."""
        return reader.in_files(home, self.place)

    def in_log(self, _reader: PlantedReader) -> list[Finding]:
        """There is none beside the files."""
        return []

    def empty_log(self) -> None:
        """Nothing to do."""


class PostgresqlControl:
    """A server of its own: all its files and its messages, dead rows and compressed values
    included."""

    place = POSTGRESQL

    def __init__(self, server: Any) -> None:
        self._server = server
        self._name = server.fresh()
        self.url: str = server.url(self._name)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["PostgresqlControl"]:
        """Start one; it is gone afterwards."""
        from tests.postgresql_server import PostgresqlServer  # noqa: PLC0415 - in the repository

        server = PostgresqlServer(full_page_writes="on")
        try:
            server.start()
            yield cls(server)
        finally:
            server.close()

    def found(self, _home: Path, reader: PlantedReader) -> list[Finding]:
        """What its files hold, freed pages included."""
        self._server.run("CHECKPOINT")
        found = reader.below(self._server.folder)
        return [each for each in found if not each.place.startswith(LOG)]

    def in_log(self, reader: PlantedReader) -> list[Finding]:
        """What its write-ahead log holds."""
        return reader.below(self._server.folder / LOG)

    def empty_log(self) -> None:
        """Every segment of the log is used up and removed, the last ones by two rounds more."""
        self._server.run("ALTER SYSTEM SET wal_recycle = off")
        self._server.run("SELECT pg_reload_conf()")
        files = int(self._server.run("SELECT count(*) FROM pg_ls_waldir()")[0][0])
        for _ in range(files + 2):
            for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
                self._server.run(statement)
        self._server.run("ALTER SYSTEM RESET wal_recycle")
        self._server.run("SELECT pg_reload_conf()")
