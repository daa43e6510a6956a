import json
import subprocess
import sys
from pathlib import Path

import pytest

from load_tests import bench

ROOT = Path(__file__).parents[2]
OURS = ["gateway", "gateway_shadow", "worker", "echo"]


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "load_tests.bench", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_bad_options_exit_with_2(capsys):
    assert bench.main(["--rounds", "0"]) == 2
    assert "--rounds" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.acceptance
def test_every_side_of_ours_answers_without_a_failure():
    """Floors are not looked at: this machine does other things meanwhile."""
    code, last = run(
        *("--rounds", "1", "--seconds", "0.5", "--parts", "table,overload"),
        *("--only", ",".join(OURS)),
    )
    assert code == (1 if last["missed"] else 0)
    assert {name: side["failed"] for name, side in last["sides"].items()} == dict.fromkeys(OURS, 0)
    assert last["gateway"]["decisions_written"] >= last["sides"]["gateway"]["answered"] > 0
    assert last["overload"]["answered"] > 0
    assert last["memory"]["gateway"][0]["pss_mb"] > 1
    assert last["absent"] == {}
    # Nobody to compare with: said, and nothing missed because of it.
    unmeasured = {row["name"] for row in last["claims"] if row["value"] is None}
    assert unmeasured == {"bentoml", "mlserver", "latency"}


@pytest.mark.slow
@pytest.mark.acceptance
def test_effects_come_with_intervals():
    _, last = run(
        *("--rounds", "1", "--seconds", "0.3", "--pair-seconds", "0.2", "--parts", "effects"),
        *("--only", "gateway,gateway_shadow"),
    )
    assert set(last["effects"]) == {
        *("shadow_fast", "shadow_hung", "shadow_killed"),
        *("log_default", "log_strict", "log_strict_p99"),
    }
    for effect in last["effects"].values():
        low, high = effect["interval"]
        assert 0 < low <= effect["estimate"] <= high
        assert effect["pairs"] == 7
        assert effect["failed"] == 0
