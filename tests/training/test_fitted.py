"""Same data, code, lock and seed: the same dataset digest and the same bytes of ONNX."""

import json
import os
import subprocess
import sys

import pytest

from tests.training.consents import give_consents
from tests.training.made_up_shop import ROOT

CODE = """
import hashlib, json, sys
from pathlib import Path
from training.lines import OrderSource, prepare_lines
from training.recipes import RECIPES, Request
from training.run import fit, make_snapshot
from training.settings import Settings

home, orders, key = map(Path, sys.argv[1:4])
settings = Settings(home=home)
source = OrderSource(orders=orders, consent_basis="test", pseudonym_key_file=key)
lines = prepare_lines(settings, source)
answer = {}
for model in sorted(RECIPES):
    request = Request(model=model, seed=11)
    snapshot = make_snapshot(settings, lines, request)
    fitted = fit(snapshot, request)
    answer[model] = [snapshot.digest, hashlib.sha256(fitted.onnx).hexdigest()]
print(json.dumps(answer))
"""


@pytest.mark.slow
def test_two_processes_make_the_same_bytes(tmp_path, orders_export):
    answers = []
    for seed, threads in (("1", "1"), ("4711", "2")):
        # Snapshots hold no pseudonyms: another installation's key changes nothing.
        key = tmp_path / f"{seed}.key"
        key.write_text(f"{int(seed):064x}")
        give_consents(tmp_path / f"home{seed}")
        done = subprocess.run(
            (
                sys.executable,
                "-c",
                CODE,
                str(tmp_path / f"home{seed}"),
                str(orders_export),
                str(key),
            ),
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]
    assert set(answers[0]) == {"fraud", "pricing", "recommendations"}
