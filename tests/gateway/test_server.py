"""The gateway as processes: starts from disk alone, several workers on one socket, drains."""

import os
import signal
import subprocess
import sys
import time

import httpx
import msgspec
import pytest

from bentos.contract.documents import DocumentName, EndpointsBody, KillBody
from bentos.contract.segment import DecisionFrame, read_frames
from tests.gateway.installation import (
    SECRET,
    STABLE,
    Publisher,
    keys_body,
    route,
    schemas_body,
)

pytestmark = pytest.mark.acceptance
HEADERS = {"authorization": f"Bearer sbx_aaaaaaaaaaaa_{SECRET}"}
BODY = {"targeting_key": "k", "instances": [{"amount": 1.0}]}


@pytest.fixture
def home(tmp_path, versions):
    publisher = Publisher(tmp_path)
    folder = tmp_path / "gateway" / "documents"
    folder.mkdir(parents=True)
    endpoints = EndpointsBody(versions={STABLE: (versions.start(),)})
    for name, body in (
        (DocumentName.SCHEMAS, schemas_body()),
        (DocumentName.KEYS, keys_body()),
        (DocumentName.KILL, KillBody()),
        (DocumentName.ENDPOINTS, endpoints),
        (DocumentName.ROUTES, route()),
    ):
        header, data = publisher.sign(name, body)
        (folder / f"{name.value}.header.json").write_bytes(msgspec.json.encode(header))
        (folder / f"{name.value}.body").write_bytes(data)
    return tmp_path


def start(home, **settings):
    environment = {
        **os.environ,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_GATEWAY_PORT": "0",
        "SIGNALBOX_CONTROL_PLANE_URL": "http://127.0.0.1:9",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway"], env=environment, stderr=subprocess.PIPE, text=True
    )
    line = process.stderr.readline()
    return process, line.rpartition(" ")[2].strip()


def wait_ready(url):
    for _ in range(200):
        try:
            if httpx.get(f"{url}/v2/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("never ready")


def end(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    return process.returncode


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serves_from_disk_with_no_control_plane_and_loses_no_decision(home, workers):
    process, url = start(home, SIGNALBOX_GATEWAY_WORKERS=workers)
    try:
        wait_ready(url)
        ids = set()
        for _ in range(40):
            response = httpx.post(f"{url}/v1/models/fraud:predict", json=BODY, headers=HEADERS)
            assert response.status_code == 200, response.text
            ids.add(response.json()["decision_id"])
    finally:
        assert end(process) == 0
    segments = home / "gateway" / "segments"
    found = {
        frame.decision.decision_id
        for path in segments.glob("*.segment")
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    }
    assert found == ids
    assert not list(segments.glob("*.open"))


def test_a_killed_gateway_has_every_acknowledged_decision_on_disk(home):
    process, url = start(home)
    wait_ready(url)
    ids = {
        httpx.post(f"{url}/v1/models/fraud:predict", json=BODY, headers=HEADERS).json()[
            "decision_id"
        ]
        for _ in range(20)
    }
    process.kill()
    process.communicate()
    [path] = (home / "gateway" / "segments").glob("*.open")
    found = {f.decision.decision_id for f in read_frames(path) if isinstance(f, DecisionFrame)}
    assert found == ids


@pytest.mark.parametrize(
    ("settings", "fragment"),
    [
        ({"SIGNALBOX_GATEWAY_PORT": "high"}, "SIGNALBOX_GATEWAY_PORT"),
        ({"SIGNALBOX_MAX_ROWS": "0"}, "SIGNALBOX_MAX_ROWS"),
        ({"SIGNALBOX_SHOP": "a b"}, "SIGNALBOX_SHOP"),
        ({"SIGNALBOX_LOG_FULL_POLICY": "maybe"}, "SIGNALBOX_LOG_FULL_POLICY"),
    ],
)
def test_bad_settings_are_named_and_nothing_starts(home, settings, fragment):
    environment = {**os.environ, "SIGNALBOX_HOME": str(home), **settings}
    command = [sys.executable, "-m", "gateway"]
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 2
    assert fragment in done.stderr
    assert not (home / "gateway" / "segments").exists()


def test_missing_keys_say_what_to_do(tmp_path):
    process, _ = start(tmp_path / "empty")
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "signalbox init" in errors
