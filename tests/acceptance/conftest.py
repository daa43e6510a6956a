"""One installation for all acceptance tests: set up once, every test leaves it as it found it."""

import tempfile
from pathlib import Path

import pytest

from load_tests.installation.line import Line, serves
from load_tests.installation.model import MODEL
from load_tests.installation.tiny_bento import VERSIONS
from tests.control_plane import conftest as control_plane
from tests.databases import chosen

databases, postgresql_databases = control_plane.databases, control_plane.postgresql_databases
postgresql = control_plane.postgresql


@pytest.fixture(scope="session")
def line(tmp_path_factory, databases):
    url = "" if chosen() == "sqlite" else databases.url(databases.empty())
    with tempfile.TemporaryDirectory(prefix="sbx-") as folder:
        line = Line(Path(folder), url)
        try:
            line.set_up(tmp_path_factory.mktemp("projects"))
            line.start_gateway()
            line.until(lambda: line.predict("b-0").status == 200)
            yield line
        finally:
            line.stop_all()


@pytest.fixture
def stable(line):
    """The line with its first version stable and no release open, before and after the test."""
    yield line
    for release in line.call("author", "GET", f"/api/v1/releases?model={MODEL}"):
        if release["state"] in ("shadow", "canary", "paused"):
            line.move(release["id"], "rollback")
        elif release["state"] in ("draft", "in_review", "approved"):
            line.move(release["id"], "abort")
    line.until(lambda: line.follows(serves(VERSIONS[0])))
