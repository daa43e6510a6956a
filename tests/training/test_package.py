"""A parity miss leaves no trace of a version behind."""

import os
import subprocess
import sys

from tests.training.made_up_shop import ROOT

CODE = """
import sys
from pathlib import Path
import msgspec, onnx
from training.errors import ParityError
from training.lines import OrderSource, prepare_lines
from training.package import package
from training.recipes import Request
from training.run import fit, make_snapshot
from training.settings import Settings

settings = Settings(home=Path(sys.argv[1]), shop="demo-shop")
source = OrderSource(orders=Path(sys.argv[2]), consent_basis="contract: test")
lines = prepare_lines(settings, source)
request = Request(model="pricing", seed=settings.seed)
snapshot = make_snapshot(settings, lines, request)
fitted = fit(snapshot, request)
model = onnx.load_from_string(fitted.onnx)
(cents,) = [item for item in model.graph.initializer if item.name == "cents"]
cents.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(cents) / 10, "cents"))
broken = msgspec.structs.replace(fitted, onnx=model.SerializeToString())
try:
    package(settings, lines, snapshot, request, broken)
except ParityError as error:
    print(error)
"""


def test_a_parity_miss_leaves_nothing_in_the_stores(trained):
    before = stored(trained.home)
    done = subprocess.run(
        (sys.executable, "-c", CODE, str(trained.home), str(trained.orders)),
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no bento was built" in done.stdout
    assert stored(trained.home) == before


def stored(home):
    places = [home / "bentoml" / "models" / "pricing", home / "lake" / "versions"]
    return sorted(path.name for place in places for path in place.iterdir() if path.is_dir())
