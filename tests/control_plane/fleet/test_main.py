"""Bad configuration at the fleet's door: exit code 2, the field named, nothing written."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.acceptance


def run(home, **environment):
    return subprocess.run(
        [sys.executable, "-m", "control_plane.fleet"],
        env={**os.environ, "SIGNALBOX_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNALBOX_FLEET_POLL_S", "often"),
        ("SIGNALBOX_FLEET_WORKER_NICE", "20"),
        ("SIGNALBOX_CONTROL_PLANE_URL", "ftp://host"),
    ],
)
def test_a_bad_setting_is_named(tmp_path, name, value):
    done = run(tmp_path, **{name: value})
    assert done.returncode == 2
    assert name in done.stderr
    assert value in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_missing_key_says_what_to_do(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 2
    assert "fleet.key" in done.stderr
    assert "signalbox init" in done.stderr
    assert not list(tmp_path.iterdir())
