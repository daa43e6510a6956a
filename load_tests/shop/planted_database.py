"""The control plane's database in the drill: SQLite's files, or a PostgreSQL's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from load_tests.shop.planted_places import POSTGRESQL, SQLITE, Place, PlantedReader
from tests.planted_data import Finding


class Control(Protocol):
    """Which database, and how it is looked into."""

    url: str
    place: Place

    def found(self, home: Path, reader: PlantedReader, /) -> list[Finding]:
        """What its files hold, freed pages included."""


class SqliteControl:
    """The home's file, its log and what it has freed."""

    url = ""
    place = SQLITE

    def found(self, home: Path, reader: PlantedReader) -> list[Finding]:
        """What its files hold, freed pages included."""
        return reader.in_files(home, self.place)


class PostgresqlControl:
    """A server of its own: the database's files, dead rows and compressed values included."""

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

        server = PostgresqlServer()
        try:
            server.start()
            yield cls(server)
        finally:
            server.close()

    def found(self, _home: Path, reader: PlantedReader) -> list[Finding]:
        """What its files hold, freed pages included."""
        self._server.run("CHECKPOINT")
        query = f"SELECT oid FROM pg_database WHERE datname = '{self._name}'"  # noqa: S608 - ours
        oid = self._server.run(query)[0][0]
        return reader.below(self._server.data / "base" / str(oid))
