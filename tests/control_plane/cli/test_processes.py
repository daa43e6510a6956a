import os
import signal
import socket
import subprocess
import sys

import httpx
import psutil
import pytest

pytestmark = pytest.mark.acceptance


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
def test_up_runs_all_parts_and_ends_them_together(new_plane):
    port, gateway_port = free_port(), free_port()
    environment = {
        **new_plane.environment(),
        "SIGNALBOX_CONTROL_PLANE_PORT": port,
        "SIGNALBOX_CONTROL_PLANE_URL": f"http://127.0.0.1:{port}",
        "SIGNALBOX_GATEWAY_PORT": gateway_port,
        "SIGNALBOX_NIGHTLY_CRON": "0 3 29 2 *",
    }
    command = [sys.executable, "-m", "control_plane.cli", "up"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        new_plane.wait(lambda: _answers(f"http://127.0.0.1:{port}/health/ready"), "readiness")
        new_plane.wait(lambda: _has_routes(f"http://127.0.0.1:{gateway_port}/status"), "routes")
        children = psutil.Process(process.pid).children(recursive=True)
        assert {part for child in children for part in child.cmdline()} >= {
            "control_plane",
            "control_plane.fleet",
            "gateway.shipper",
            "gateway",
            "schedule",
        }
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert not any(child.is_running() for child in children)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


def test_up_ends_all_when_one_part_ends(tmp_path):
    environment = {**os.environ, "SIGNALBOX_HOME": str(tmp_path / "never-initialised")}
    done = subprocess.run(
        [sys.executable, "-m", "control_plane.cli", "up"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert "ended with exit code 2" in done.stderr


def _answers(url):
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def _has_routes(url):
    try:
        return "routes" in httpx.get(url).json()["documents"]
    except (httpx.TransportError, ValueError, KeyError):
        return False
