"""The fleet process over a real bento, with no control plane anywhere."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from control_plane.fleet.process import start_time
from tests.bentos.tiny.store import bentoml_environment, build_tiny

pytestmark = pytest.mark.acceptance

VERSION = "20260101-0000000a"
TAG = f"tiny:{VERSION}"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def bento(tmp_path_factory):
    """(BENTOML_HOME, digest) of a bento that sums three features."""
    home, project = tmp_path_factory.mktemp("bentoml"), tmp_path_factory.mktemp("project")
    return home, build_tiny(project, VERSION, bentoml_environment(home))


class FleetProcess:
    """``python -m control_plane.fleet`` over one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.popen: subprocess.Popen | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "SIGNALBOX_HOME": str(self.home),
            "SIGNALBOX_CONTROL_PLANE_URL": NOBODY,
            "SIGNALBOX_FLEET_TICK_S": "0.05",
        }
        with (self.home / "fleet.log").open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "control_plane.fleet"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.popen is not None
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(timeout=60)

    def want(self, *digests: str) -> None:
        versions = [
            {"version": TAG, "model": "tiny", "bento_digest": digest, "replicas": 1}
            for digest in digests
        ]
        folder = self.home / "fleet"
        folder.mkdir(exist_ok=True)
        (folder / "desired.json").write_text(json.dumps({"versions": versions}))

    def records(self) -> list[dict]:
        found = []
        for path in (self.home / "fleet" / "workers").glob("*.json"):
            try:
                found.append(json.loads(path.read_bytes()))
            except FileNotFoundError:
                continue
        return found

    def until(self, reached):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            value = reached()
            if value:
                return value
            time.sleep(0.05)
        pytest.fail(f"not reached; {(self.home / 'fleet.log').read_text()}")

    def answering(self) -> dict | None:
        """The record of the one worker, once it answers."""
        records = self.records()
        return records[0] if len(records) == 1 and infer(records[0]["socket"]) == 6.0 else None


def infer(path: str) -> float | None:
    connection = http.client.HTTPConnection("worker", timeout=20)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(path)
        tensor = {"name": "features", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}
        connection.request("POST", "/v2/models/tiny/infer", json.dumps({"inputs": [tensor]}))
        return json.loads(connection.getresponse().read())["outputs"][0]["data"][0]
    except OSError:
        return None
    finally:
        connection.close()


@pytest.fixture
def fleet(tmp_path, bento):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "fleet.key").write_text(f"sbx_{'0' * 12}_{'s' * 43}\n")
    shutil.copytree(bento[0], tmp_path / "bentoml")
    fleet = FleetProcess(tmp_path)
    yield fleet
    if fleet.popen is not None:
        fleet.end()
    for record in fleet.records():
        if start_time(record["pid"]) == record["started_at"]:
            os.killpg(record["pid"], signal.SIGKILL)


@pytest.mark.slow
def test_serves_from_disk_survives_its_own_death_and_takes_its_workers_with_it(fleet, bento):
    fleet.want(bento[1])
    fleet.start()
    first = fleet.until(fleet.answering)

    fleet.end(signal.SIGKILL)
    assert infer(first["socket"]) == 6.0, "a worker outlives its fleet"
    fleet.start()
    fleet.until(lambda: "worker adopted" in (fleet.home / "fleet.log").read_text())
    assert fleet.answering() == first, "adopted, not doubled"

    os.kill(first["pid"], signal.SIGKILL)
    second = fleet.until(lambda: (record := fleet.answering()) and record != first and record)
    assert second["socket"] == first["socket"]

    assert fleet.end() == 0
    assert start_time(second["pid"]) is None
    assert not fleet.records()


def test_a_changed_bento_is_not_startable(fleet):
    fleet.want("b" * 64)
    fleet.start()
    log = fleet.home / "fleet.log"
    fleet.until(lambda: "not startable: the bento's digest" in log.read_text())
    assert not fleet.records()


def test_a_second_fleet_on_one_home_is_refused(fleet):
    fleet.want()
    fleet.start()
    fleet.until(lambda: "fleet started" in (fleet.home / "fleet.log").read_text())
    second = FleetProcess(fleet.home)
    second.start()
    assert second.end(signal.SIGCONT) == 2
    assert "expected no other fleet on this home" in (fleet.home / "fleet.log").read_text()


def test_a_damaged_desired_state_is_named(fleet):
    fleet.want()
    (fleet.home / "fleet" / "desired.json").write_text('{"versions": [{"version": 1}]}')
    fleet.start()
    assert fleet.end(signal.SIGCONT) == 2
    assert "$.versions[0]" in (fleet.home / "fleet.log").read_text()
