"""A real control plane: its own process and home, spoken to over HTTP only."""

import hashlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.control_plane import recorded_examples
from tests.databases import Databases, PostgresqlDatabases, SqliteDatabases, chosen
from tests.postgresql_server import PostgresqlServer

_numbers = itertools.count(1)


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SIGNALBOX_")}
    return kept | {"SIGNALBOX_HOME": str(home)} | more


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Plane:
    """One running control plane. ``database_url``: empty for the SQLite file of its home."""

    def __init__(self, home: Path, database_url: str = "", **settings: str) -> None:
        self.home = home
        self.database_url = database_url
        self.settings = settings
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: dict[str | None, httpx.Client] = {}

    def initialise(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "control_plane.init"],
            env=self.environment(),
            check=True,
            capture_output=True,
        )

    def environment(self, **more: str) -> dict[str, str]:
        settings = {"SIGNALBOX_DATABASE_URL": self.database_url} | self.settings | more
        return _environment(self.home, **settings)

    def start(self, **settings: str) -> None:
        self.launch(**settings)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        # Two of them start at once on a machine that may have other things to do.
        self.wait(self._is_ready, "readiness", within_s=60)

    def launch(self, **settings: str) -> None:
        """Without the console, which takes half a second to load and only its own tests open."""
        usual = {
            "SIGNALBOX_CONTROL_PLANE_PORT": str(self.port),
            "SIGNALBOX_DRAIN_S": "0",
            "SIGNALBOX_CONSOLE": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control_plane"],
            env=self.environment(**(usual | self.settings | settings)),
        )

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the control plane ended"
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def ended(self) -> int:
        """Wait for an end that comes by itself; how it came."""
        assert self.process is not None
        return self.process.wait(20)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def wait(
        self, condition: Callable[[], Any], what: str = "condition", within_s: float = 20
    ) -> Any:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"never happened: {what}")

    def client(self, key: str | None) -> httpx.Client:
        if key not in self._clients:
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            # Plain HTTP: not loading certificates saves most of a client's start.
            self._clients[key] = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=20,
                verify=False,
                event_hooks=recorded_examples.hooks(),
            )
        return self._clients[key]

    def holder(self, name: str) -> httpx.Client:
        """A client with one of the key files of ``init``."""
        return self.client((self.home / "keys" / f"{name}.key").read_text().strip())

    @property
    def admin(self) -> httpx.Client:
        return self.holder("admin")

    def person(self, *roles: str) -> httpx.Client:
        person = f"p{next(_numbers)}"
        body = {"id": person, "name": person.upper(), "roles": list(roles)}
        assert self.admin.post("/api/v1/people", json=body).status_code == 201
        key = self.admin.post(f"/api/v1/people/{person}/keys").json()["key"]
        client = self.client(key)
        client.person = person  # type: ignore[attr-defined]
        return client

    def document(self, name: str) -> dict[str, Any]:
        gateway = self.holder("gateway")
        index = gateway.get("/gateway/v1/documents/index").json()
        header = next(each for each in index if each["name"] == name)
        return gateway.get(f"/gateway/v1/documents/{header['digest']}").json()


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_manifest(model: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A small valid manifest, as JSON."""
    tag = f"{model}:20261122-{number:08x}"
    return {
        "version": tag,
        "model": model,
        "bento_digest": _sha(tag),
        "onnx_digest": _sha(f"onnx {tag}"),
        "signature": {
            "model": model,
            "inputs": [{"name": "amount", "datatype": "FP32", "redaction": "public"}],
            "outputs": [{"name": "score", "datatype": "FP32", "minimum": 0, "maximum": 1}],
        },
        "features": {
            "model": model,
            "features": [{"name": "amount", "source": "input:amount", "default": 0.0}],
        },
        "dataset": {"digest": _sha("data"), "parts": {}, "source": "test", "rows": 10},
        "consent_basis": "none needed",
        "code_commit": "0" * 40,
        "lock_digest": _sha("lock"),
        "seed": 1,
        "cpu_kernels": {"blas": "x", "ort": "y"},
        "offline": {
            "protocol": "time split",
            "primary": "auc",
            "higher_is_better": True,
            "model": {"auc": 0.9},
            "baseline_name": "prior",
            "baseline": {"auc": 0.5},
        },
        "parity": {
            "rows": 10,
            "edge_rows": 2,
            "max_abs_error": 0.0,
            "mismatches": 0,
            "tolerance": "1e-5",
            "passed": True,
        },
        "budgets": {"onnx_bytes": 1000.0, "p50_us": 10.0},
        **changes,
    }


class Shop:
    """One model of its own on a shared plane, with the people who look after it."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.model = f"m{next(_numbers)}"
        self.author = plane.person("release_manager")
        self.approver = plane.person("approver")
        self.trainer = plane.holder("trainer")
        self.fleet = plane.holder("fleet")
        self._ready: dict[str, dict[str, Any]] = {}

    def move_to(self, plane: Plane) -> None:
        """The same people and keys, at another replica."""
        self.plane = plane
        for name in ("author", "approver", "trainer", "fleet"):
            key = getattr(self, name).headers["Authorization"].removeprefix("Bearer ")
            setattr(self, name, plane.client(key))

    def register(self, number: int, **changes: Any) -> str:
        manifest = make_manifest(self.model, number, **changes)
        answer = self.trainer.post("/api/v1/versions", json=manifest)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["version"])

    def report(self, version: str, ready: bool = True) -> None:
        address = [f"unix:/run/{version}"] if ready else []
        self._ready[version] = {"addresses": address, "ready": ready, "restarts": 0, "pids": [1]}
        body = {"fleet": f"fleet-{self.model}", "versions": self._ready}
        assert self.fleet.post("/fleet/v1/report", json=body).status_code == 204

    def draft(self, candidate: str, **more: Any) -> dict[str, Any]:
        body = {"model": self.model, "candidate": candidate, "reason": "test", **more}
        answer = self.author.post("/api/v1/releases", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def tell(
        self, release: dict[str, Any], verb: str, who: httpx.Client | None = None, **more: Any
    ) -> httpx.Response:
        body = {"reason": "test", **more}
        if verb in ("approve", "open_gate"):
            body.setdefault("expected_revision", release["revision"])
        return (who or self.author).post(f"/api/v1/releases/{release['id']}/{verb}", json=body)

    def edit(self, release: dict[str, Any], **changes: Any) -> httpx.Response:
        """Change a release as it was read."""
        headers = {"If-Match": f'"{release["revision"]}"'}
        url = f"/api/v1/releases/{release['id']}"
        return self.author.patch(url, json=changes, headers=headers)

    def must(self, release: dict[str, Any], *verbs: str, **more: Any) -> dict[str, Any]:
        for verb in verbs:
            who = self.approver if verb in ("approve", "refuse") else self.author
            answer = self.tell(release, verb, who, **more)
            assert answer.status_code == 200, answer.text
            release = answer.json()
        return release

    def bootstrap(self, number: int = 1) -> str:
        version = self.register(number)
        self.report(version)
        release = self.draft(version, kind="bootstrap")
        self.must(release, "submit", "approve", "start")
        self.routed(lambda feature: feature["defaultValue"]["serve"] == version)
        return version

    def started(self, number: int = 2, **more: Any) -> dict[str, Any]:
        version = self.register(number)
        self.report(version)
        return self.must(self.draft(version, **more), "submit", "approve", "start")

    def feature(self) -> dict[str, Any] | None:
        return self.plane.document("routes")["features"].get(f"model.{self.model}")

    def routed(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the published feature is as wanted."""

        def check() -> dict[str, Any] | None:
            feature = self.feature()
            return feature if feature is not None and condition(feature) else None

        return self.plane.wait(check, "the route")

    def model_state(self) -> dict[str, Any]:
        models = self.author.get("/api/v1/models?limit=1000").json()
        return next(each for each in models if each["model"] == self.model)


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
