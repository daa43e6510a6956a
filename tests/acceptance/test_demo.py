"""The demo as a person meets it: told apart when it works, gone when it is interrupted."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from load_tests.free_ports import free_ports

pytestmark = pytest.mark.acceptance

ORDERS = Path(__file__).parents[3] / "shared" / "data" / "online_retail.parquet"


def demo(home: Path, *arguments: str) -> list[str]:
    port, _of_the_control_plane = free_ports(2)
    return [
        *(sys.executable, "-m", "demo", "--home", str(home), "--port-base", str(port)),
        *arguments,
    ]


def left_over(home: Path) -> list[str]:
    """Processes that still work for this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SIGNALBOX_HOME") == str(home):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_interrupted_while_it_sets_up_it_ends_what_it_started(tmp_path):
    home = tmp_path / "var"
    with (tmp_path / "err").open("wb") as log:
        popen = subprocess.Popen(demo(home, "--json"), stdout=subprocess.PIPE, stderr=log)
    deadline = time.monotonic() + 60
    while "orders →" not in (tmp_path / "err").read_text():
        assert popen.poll() is None, (tmp_path / "err").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    popen.send_signal(signal.SIGINT)
    output, _ = popen.communicate(timeout=60)
    assert popen.returncode == 130
    assert output == b""
    assert left_over(home) == []


@pytest.mark.slow
def test_a_file_that_is_no_orders_is_named_and_nothing_stays_running(tmp_path):
    home, orders = tmp_path / "var", tmp_path / "orders.csv"
    orders.write_text("Name,Created at\n#1,yesterday\n")
    command = demo(home, "--json", "--orders", str(orders))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "orders.csv" in done.stderr
    assert "expected" in done.stderr
    assert done.stdout == ""
    assert left_over(home) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not ORDERS.exists(), reason="needs online_retail.parquet")
def test_twice_on_real_orders(tmp_path):
    home = tmp_path / "var"
    stable = []
    for _ in range(2):
        command = demo(home, "--json", "--for", "60s", "--orders", str(ORDERS))
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["problems"] == []
        assert result["requests"]["failures"] == 0
        assert result["decisions"]["found"] == result["decisions"]["acknowledged"] > 20_000
        assert result["peak_memory_mb"] < 2000
        assert left_over(home) == []
        stable.append({step["candidate"] for step in result["steps"] if step["step"] == "promoted"})
    assert stable[0] != stable[1], "the second run releases the other version"
    assert result["seconds"]["orders → three models → ONNX → bentos"] < 20
