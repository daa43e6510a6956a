import json
import subprocess
import sys
from pathlib import Path

import pytest

from load_tests import bench
from load_tests.sides import KEYS, bodies

ROOT = Path(__file__).parents[2]


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
        (["--only", "gateway,other"], "--only"),
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
