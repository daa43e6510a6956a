"""Installations to take backups of, on either engine."""

import shutil

import pytest

from control_plane.config import Settings
from control_plane.init import initialise
from tests.control_plane.backup.installation import do, fill, publish


@pytest.fixture
def new_settings(tmp_path, postgresql_databases):
    """Settings of a home of its own; its database does not exist yet, or is empty."""
    made = []

    def make(engine, name="home"):
        url = ""
        if engine == "postgresql":
            url = postgresql_databases.url(postgresql_databases.empty())
        made.append(Settings(home=tmp_path / name, database_url=url))
        return made[-1]

    return make


@pytest.fixture(scope="module")
def originals(tmp_path_factory, postgresql_databases, manifest):
    """An installation on each engine, made once."""
    made = {}

    def original(engine):
        if engine not in made:
            url = ""
            if engine == "postgresql":
                url = postgresql_databases.url(postgresql_databases.migrated())
            settings = Settings(home=tmp_path_factory.mktemp(engine), database_url=url)
            initialise(settings, "admin")
            do(settings, lambda session: fill(session, manifest))
            publish(settings)
            made[engine] = settings
        return made[engine]

    return original


@pytest.fixture
def prepared(originals, tmp_path, postgresql_databases):
    """A copy of it that may be broken."""

    def make(engine):
        original, home, url = originals(engine), tmp_path / f"before-{engine}", ""
        shutil.copytree(original.home, home)
        if engine == "postgresql":
            url = postgresql_databases.url(postgresql_databases.copy(original.database))
        return Settings(home=home, database_url=url)

    return make
