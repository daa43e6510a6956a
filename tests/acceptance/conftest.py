"""One installation for all acceptance tests: set up once, every test leaves it as it found it."""

import tempfile
from pathlib import Path

import pytest

from tests.acceptance.line import MODEL, SHOP, VERSIONS, Line, manifest, serves
from tests.bentos.tiny.store import build_tiny

PEOPLE = {
    "author": {"id": "ada", "name": "Ada", "roles": ["data_scientist", "release_manager"]},
    "approver": {"id": "grace", "name": "Grace", "roles": ["approver"]},
}


def build(line: Line, project: Path, version: str) -> str:
    """Build one version of the tiny bento; its digest."""
    project.mkdir()
    return build_tiny(project, version.partition(":")[2], line.environment)


def introduce(line: Line) -> None:
    """People and a caller, each with a key of their own."""
    for service in ("admin", "trainer", "gateway", "fleet"):
        line.keys[service] = (line.home / "keys" / f"{service}.key").read_text().strip()
    for actor, person in PEOPLE.items():
        line.call("admin", "POST", "/api/v1/people", person)
        made = line.call("admin", "POST", f"/api/v1/people/{person['id']}/keys", {})
        line.keys[actor] = made["key"]
    caller = {"name": "storefront", "shop": SHOP, "models": ["*"], "scopes": ["infer"]}
    line.keys["caller"] = line.call("admin", "POST", "/api/v1/callers", caller)["key"]


@pytest.fixture(scope="session")
def line(tmp_path_factory):
    with tempfile.TemporaryDirectory(prefix="sbx-") as folder:
        line = Line(Path(folder))
        projects = tmp_path_factory.mktemp("projects")
        try:
            done = line.run("-m", "control_plane.cli", "init")
            assert done.returncode == 0, done.stderr
            digests = [build(line, projects / str(n), v) for n, v in enumerate(VERSIONS)]
            line.start_control_plane()
            introduce(line)
            line.start("fleet", "control_plane.fleet")
            line.start_gateway()
            for version, digest in zip(VERSIONS, digests, strict=True):
                line.call("trainer", "POST", "/api/v1/versions", manifest(version, digest))
            release = line.release(VERSIONS[0], kind="bootstrap", shadow=False, steps=[])
            line.move(release, "start")
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
