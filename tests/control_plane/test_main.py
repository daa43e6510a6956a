"""Several control planes over one PostgreSQL are one control plane."""

import contextlib
import itertools
import json
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlmodel import select

from control_plane.db import Database
from control_plane.publish.models import PublishedRow
from control_plane.storage.address import parse_address

pytestmark = pytest.mark.acceptance
WRITES = 10


@pytest.fixture
def replicas(tmp_path, postgresql_databases, open_plane):
    """Two with one database and the same keys, started at once."""
    url = postgresql_databases.url(postgresql_databases.empty())
    first, second = (open_plane(tmp_path / name, url) for name in ("first", "second"))
    first.initialise()
    shutil.copytree(first.home / "keys", second.home / "keys")
    try:
        for plane in (first, second):
            plane.launch()
        for plane in (first, second):
            plane.wait_until_ready()
        yield first, second
    finally:
        first.close()
        second.close()


class Follower:
    """Reads a replica's stream: which revisions of the routes it was told."""

    def __init__(self, plane):
        self._plane = plane
        self.revisions = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        # The stream ends with its replica.
        with (
            contextlib.suppress(httpx.HTTPError),
            self._plane.holder("gateway").stream("GET", "/gateway/v1/documents") as stream,
        ):
            for line in stream.iter_lines():
                if line.startswith('data: {"name":"routes"'):
                    header = json.loads(line.removeprefix("data: "))
                    self.revisions.append(header["revision"][1])

    def has(self, number):
        return number in self.revisions


def index(plane):
    return plane.holder("gateway").get("/gateway/v1/documents/index").json()


def routes_revision(plane):
    return next(h for h in index(plane) if h["name"] == "routes")["revision"][1]


def published(plane):
    database = Database(parse_address(plane.database_url))
    with database.read() as session:
        rows = list(session.exec(select(PublishedRow)))
    database.dispose()
    return rows


@pytest.mark.slow
def test_two_replicas_are_one_control_plane(replicas, open_shop):
    first, second = replicas
    followers = [Follower(plane) for plane in replicas]
    shops = [open_shop(plane) for plane in replicas]
    # What one is told, both serve and both push.
    for shop in shops:
        shop.bootstrap()
    assert index(first) == index(second)
    for follower in followers:
        first.wait(lambda each=follower: each.has(routes_revision(first)), "the push")

    # Both write at once.
    def register(plane, name):
        for number in range(WRITES):
            body = {f"{name}{number}": "string"}
            assert plane.holder("admin").put("/api/v1/attributes", json=body).status_code == 200

    threads = [
        threading.Thread(target=register, args=(plane, name))
        for plane, name in zip(replicas, "ab", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(first.admin.get("/api/v1/attributes").json()) == 2 * WRITES
    assert second.admin.get("/api/v1/register/verify").json()["ok"]

    # One of them dies in the middle of its work; the other goes on with all of it.
    release = shops[0].must(shops[0].started(2), "ramp")
    first.stop(signal.SIGKILL)
    shops[0].move_to(second)
    shops[0].must(release, "promote")
    shops[0].routed(lambda feature: feature["defaultValue"]["serve"] == release["candidate"])
    second.wait(lambda: followers[1].has(routes_revision(second)), "the push")
    assert second.admin.get("/api/v1/register/verify").json()["ok"]
    first.start()
    assert index(first) == index(second)

    # Nothing was published twice, nor by a revision with two bodies.
    rows = published(first)
    numbers = [row.number for row in rows]
    assert sorted(numbers) == list(range(1, len(rows) + 1))
    for name in {row.name for row in rows}:
        digests = [r.digest for r in sorted(rows, key=lambda r: r.number) if r.name == name]
        assert all(one != two for one, two in itertools.pairwise(digests))


def test_of_two_that_start_on_an_empty_database_one_migrates(
    tmp_path, postgresql_databases, open_plane
):
    url = postgresql_databases.url(postgresql_databases.empty())
    plane = open_plane(tmp_path / "home", url)
    code = (
        "from control_plane.config import Settings;"
        "from control_plane.migrations.upgrade import upgrade;"
        "print(len(upgrade(Settings().database).steps))"
    )
    command = [sys.executable, "-c", code]
    processes = [
        subprocess.Popen(command, env=plane.environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = sorted(int(process.communicate()[0]) for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert counts[0] == 0
    assert counts[1] > 0


@pytest.mark.slow
def test_two_replicas_carry_out_a_keyed_write_once(replicas):
    first, second = replicas
    manager = first.person("release_manager")
    elsewhere = second.client(manager.headers["authorization"].removeprefix("Bearer "))
    body = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}

    def send(client, number):
        headers = {"Idempotency-Key": f"key-{number}"}
        wanted = body | {"reason": f"freeze {number}"}
        return client.post("/api/v1/freezes", json=wanted, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        for number in range(WRITES):
            answers = list(pool.map(send, (manager, elsewhere), (number, number)))
            # The second one waits for the write lock and finds the first one's answer.
            assert [answer.status_code for answer in answers] == [201, 201]
            assert answers[0].json() == answers[1].json()
            assert sum("idempotency-replayed" in answer.headers for answer in answers) == 1
    assert len(elsewhere.get("/api/v1/freezes").json()) == WRITES
