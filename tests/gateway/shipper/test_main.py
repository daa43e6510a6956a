"""The shipper as a process, behind a real gateway and in front of a real control plane."""

import json
import os
import signal
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from bentos.decision_lake.files import Lake
from tests.gateway.gateway_process import (
    eventually,
)
from tests.gateway.shipper.segments import Writer

pytestmark = pytest.mark.acceptance
SHIPPER = [sys.executable, "-m", "gateway.shipper"]
VERIFY = [sys.executable, "-m", "control_plane.cli", "decisions", "verify"]


def environment(plane, home, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALBOX_")}
    return {
        **kept,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_CONTROL_PLANE_URL": plane.url,
        "SIGNALBOX_SHIP_INTERVAL_S": "0.2",
        **more,
    }


def run(command, settings):
    return subprocess.run(
        command, env=settings, check=False, capture_output=True, text=True, timeout=100
    )


@pytest.fixture
def shipper(plane, home, tmp_path):
    """Running on that home; its log in a file."""
    log = tmp_path / "shipper.log"
    with log.open("w") as file:
        process = subprocess.Popen(SHIPPER, env=environment(plane, home), stderr=file)
    eventually(lambda: "shipper_started" in log.read_text(), "the shipper did not start", 60)
    process.log = log
    yield process
    process.kill()
    process.wait()


def test_it_ships_until_sigterm_and_what_is_closed_by_then(shipper, segments):
    segments.write(5)
    eventually(lambda: segments.closed == [], "the segment was not shipped")
    shipper.send_signal(signal.SIGSTOP)
    segments.write(5)
    shipper.send_signal(signal.SIGTERM)
    shipper.send_signal(signal.SIGCONT)
    assert shipper.wait(60) == 0
    assert segments.closed == []
    assert '"shipped": 2' in shipper.log.read_text()


def test_a_second_one_on_the_same_home_is_refused(plane, home, shipper):
    done = run([*SHIPPER, "--once"], environment(plane, home))
    assert done.returncode == 2
    assert "no other shipper" in done.stderr


def test_once_says_whether_work_is_left(plane, home, segments):
    segments.write(3)
    away = environment(plane, home, SIGNALBOX_CONTROL_PLANE_URL="http://127.0.0.1:9")
    assert run([*SHIPPER, "--once"], away).returncode == 1
    assert len(segments.closed) == 1
    assert run([*SHIPPER, "--once"], environment(plane, home)).returncode == 0
    assert segments.closed == []


@pytest.mark.slow
def test_verify_compares_the_lake_with_the_register(new_plane):
    new_plane.start()
    segments = Writer(new_plane.home / "gateway" / "segments")
    segments.write(20)
    segments.write(20)
    settings = environment(new_plane, new_plane.home)
    assert run([*SHIPPER, "--once"], settings).returncode == 0
    done = run([*VERIFY, "--json"], settings)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["ok"], found["segments"], found["decisions"]) == (True, 2, 40)
    lake = new_plane.home / "lake" / "decisions"
    erased = next((lake / "personal").rglob("*.parquet"))
    table = pq.ParquetFile(erased).read()
    pq.write_table(table.slice(1), erased)
    assert run(VERIFY, settings).returncode == 1
    (new_plane.home / "ids").write_text(table["decision_id"][0].as_py())
    lawful = run([*VERIFY, "--json", "--redacted", str(new_plane.home / "ids")], settings)
    assert lawful.returncode == 0
    assert json.loads(lawful.stdout)["redacted"] == 1
    next((lake / "public").rglob("*.parquet")).unlink()
    broken = run(VERIFY, settings)
    assert broken.returncode == 1
    assert "are missing" in broken.stdout


@pytest.mark.parametrize(
    ("command", "settings", "code", "shown"),
    [
        (SHIPPER, {"SIGNALBOX_SHIP_INTERVAL_S": "0"}, 2, "SIGNALBOX_SHIP_INTERVAL_S"),
        (SHIPPER, {"SIGNALBOX_DECISIONS_URL": "s3://a:hush@b/c"}, 2, "SIGNALBOX_DECISIONS_URL"),
        (VERIFY, {"SIGNALBOX_CONTROL_PLANE_URL": "http://127.0.0.1:9"}, 5, "http://127.0.0.1:9"),
        (VERIFY, {"SIGNALBOX_KEY_FILE": "/nowhere.key"}, 5, "/nowhere.key"),
        ([*VERIFY, "--redacted", "/nowhere"], {}, 2, "/nowhere"),
    ],
)
def test_what_goes_wrong_has_its_exit_code_and_a_reason(plane, command, settings, code, shown):
    done = run(command, environment(plane, plane.home, **settings))
    assert done.returncode == code, done.stderr
    assert shown in done.stderr
    assert "hush" not in done.stderr


def rows(home, kind):
    lake = Lake(str(home / "lake" / "decisions"))
    paths = [path for group in lake.names(kind).values() for path in group]
    return [repr(row) for path in paths for row in lake.read(path).to_pylist()]
