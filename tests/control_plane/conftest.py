"""A real control plane: its own process and home, spoken to over HTTP only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.control_plane.plane import Plane
from tests.control_plane.shop import Shop, make_manifest
from tests.databases import Databases, PostgresqlDatabases, SqliteDatabases, chosen
from tests.postgresql_server import PostgresqlServer


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], PostgresqlServer]]:
    """One server for the session, started when somebody asks for it."""
    servers: list[PostgresqlServer] = []

    def server() -> PostgresqlServer:
        if not servers:
            servers.append(PostgresqlServer())
            servers[0].start()
        return servers[0]

    yield server
    for each in servers:
        each.close()


@pytest.fixture(scope="session")
def postgresql_databases(postgresql: Callable[[], PostgresqlServer]) -> Databases:
    return PostgresqlDatabases(postgresql)


@pytest.fixture(scope="session")
def databases(
    tmp_path_factory: pytest.TempPathFactory, postgresql_databases: Databases
) -> Databases:
    """On the engine of this run: see ``SIGNALBOX_TEST_DATABASE``."""
    if chosen() == "postgresql":
        return postgresql_databases
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(params=["sqlite", "postgresql"])
def any_databases(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgresql_databases: Databases,
) -> Databases:
    """On each engine, whatever this run is about."""
    return SqliteDatabases(tmp_path) if request.param == "sqlite" else postgresql_databases


@pytest.fixture(scope="session")
def make_plane(databases: Databases) -> Callable[..., Plane]:
    """An initialised plane over a database of its own, not yet started."""

    def make(home: Path, **settings: str) -> Plane:
        url = "" if chosen() == "sqlite" else databases.url(databases.migrated())
        plane = Plane(home, url, **settings)
        plane.initialise()
        return plane

    return make


@pytest.fixture(scope="session")
def plane(
    tmp_path_factory: pytest.TempPathFactory, make_plane: Callable[..., Plane]
) -> Iterator[Plane]:
    plane = make_plane(tmp_path_factory.mktemp("plane") / "home")
    try:
        plane.start()
        yield plane
    finally:
        plane.close()


@pytest.fixture
def new_plane(tmp_path: Path, make_plane: Callable[..., Plane]) -> Iterator[Plane]:
    """A plane of its own, not yet started, for tests that stop or break it."""
    plane = make_plane(tmp_path / "home")
    try:
        yield plane
    finally:
        plane.close()


@pytest.fixture(scope="module")
def plane_with(
    tmp_path_factory: pytest.TempPathFactory, make_plane: Callable[..., Plane]
) -> Iterator[Callable[..., Plane]]:
    """Makes planes of their own settings, not yet started."""
    planes = []

    def make(**settings: str) -> Plane:
        planes.append(make_plane(tmp_path_factory.mktemp("plane") / "home", **settings))
        return planes[-1]

    yield make
    for plane in planes:
        plane.close()


@pytest.fixture
def shop(plane: Plane) -> Shop:
    return Shop(plane)


@pytest.fixture
def open_plane() -> Callable[[Path, str], Plane]:
    return Plane


@pytest.fixture
def open_shop() -> Callable[[Plane], Shop]:
    return Shop


@pytest.fixture(scope="session")
def manifest() -> Callable[..., dict[str, Any]]:
    return make_manifest
