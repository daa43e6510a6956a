"""Databases for tests of the control plane, on the engine this run is about."""

import itertools
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text

from control_plane.migrations.upgrade import upgrade
from control_plane.storage.address import Address, PostgresqlAddress, parse_address
from tests.postgresql_server import PostgresqlServer

CHOICE = "SIGNALBOX_TEST_DATABASE"
"""Environment variable of a test run: ``sqlite`` (default) or ``postgresql``."""


def chosen() -> str:
    name = os.environ.get(CHOICE, "sqlite")
    assert name in ("sqlite", "postgresql"), name
    return name


def allow_changes(connection: Connection, table: str) -> None:
    """What a holder of the database does first: away with the triggers of a table."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    for verb in ("update", "delete"):
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))


class Databases(Protocol):
    """Makes databases; where they lie is its own affair."""

    def empty(self) -> Address: ...

    def migrated(self) -> Address:
        """With all tables."""

    def copy(self, address: Address) -> Address:
        """Of a database that nobody has open."""

    def discard(self, address: Address) -> None:
        """It is not needed any longer; nobody has it open."""

    def url(self, address: Address) -> str:
        """For SIGNALBOX_DATABASE_URL."""


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template: Path | None = None

    def empty(self) -> Address:
        return self._folder / f"{next(self._numbers)}.db"

    def migrated(self) -> Address:
        if self._template is None:
            self._template = self._folder / "migrated.db"
            upgrade(self._template)
        return self.copy(self._template)

    def copy(self, address: Address) -> Address:
        assert isinstance(address, Path)
        path = self.empty()
        assert isinstance(path, Path)
        with sqlite3.connect(address) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.copy(address, path)
        return path

    def discard(self, address: Address) -> None:
        assert isinstance(address, Path)
        address.unlink()

    def url(self, address: Address) -> str:
        return f"sqlite:///{address}"


class PostgresqlDatabases:
    """The server starts when the first database is asked for."""

    def __init__(self, server: Callable[[], PostgresqlServer]) -> None:
        self._server = server
        self._template: str | None = None

    def empty(self) -> Address:
        return self._address(self._server().fresh())

    def migrated(self) -> Address:
        if self._template is None:
            address = self.empty()
            upgrade(address)
            assert isinstance(address, PostgresqlAddress)
            self._template = address.database
        return self._address(self._server().fresh(self._template))

    def copy(self, address: Address) -> Address:
        assert isinstance(address, PostgresqlAddress)
        return self._address(self._server().fresh(address.database))

    def discard(self, address: Address) -> None:
        assert isinstance(address, PostgresqlAddress)
        self._server().run(f"DROP DATABASE {address.database}")

    def url(self, address: Address) -> str:
        assert isinstance(address, PostgresqlAddress)
        return self._server().url(address.database)

    def _address(self, name: str) -> Address:
        return parse_address(self._server().url(name))
