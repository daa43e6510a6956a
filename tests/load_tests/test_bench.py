import json
import subprocess
import sys
from pathlib import Path

import pytest

from load_tests import bench
from load_tests.sides import KEYS, bodies

ROOT = Path(__file__).parents[2]


def row(per_second, p50_ms, failed=0, answered=10):
    return {
        "per_second": per_second,
        "p50_ms": p50_ms,
        "failed": failed,
        "failures": [],
        "answered": answered,
    }


def report(gateway, bentoml, written=10):
    return {
        "sides": {"gateway": gateway, "bentoml": bentoml},
        "gateway": {"decisions_written": written, "decisions_lost": 0},
        "ratio": gateway["per_second"] / bentoml["per_second"],
    }


@pytest.mark.parametrize(
    ("made", "missed"),
    [
        (report(row(500, 0.5), row(100, 1.0)), []),
        (report(row(499, 0.5), row(100, 1.0)), ["throughput"]),
        (report(row(500, 1.0), row(100, 1.0)), ["c=1 p50"]),
        (report(row(500, 0.5, failed=1), row(100, 1.0)), ["gateway"]),
        (report(row(500, 0.5), row(100, 1.0, failed=1)), ["bentoml"]),
        (report(row(500, 0.5), row(100, 1.0), written=9), ["gateway"]),
    ],
)
def test_floors(made, missed):
    assert [text.partition(":")[0] for text in bench._missed(made)] == missed


def test_bodies_have_one_length_and_their_own_keys():
    made = bodies()
    assert len({len(body) for body in made}) == 1
    assert len({json.loads(body)["targeting_key"] for body in made}) == KEYS


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--rounds", "0"], "--rounds"),
        (["--seconds", "-1"], "--seconds"),
        (["--onnx", "missing.onnx"], "--onnx"),
    ],
)
def test_bad_options_exit_with_2(arguments, field, capsys):
    assert bench.main(arguments) == 2
    assert field in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.acceptance
def test_every_side_answers_without_a_failure():
    """Floors are not looked at: this machine does other things meanwhile."""
    run = subprocess.run(
        [sys.executable, "-m", "load_tests.bench", "--rounds", "1", "--seconds", "0.5"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    last = json.loads(run.stdout.splitlines()[-1])
    assert run.returncode == (1 if last["missed"] else 0)
    assert {name: side["failed"] for name, side in last["sides"].items()} == dict.fromkeys(
        ["bentoml", "gateway", "bentoml_quiet", "worker", "echo"], 0
    )
    assert last["gateway"]["decisions_written"] >= last["sides"]["gateway"]["answered"]
