"""Each bentofile builds the bento it names, by hand, with the newest graph of the store."""

import os
import subprocess
import sys

import pytest
import yaml

from tests.training.made_up_shop import ROOT

FILES = {
    "bentofile.yaml": "fraud",
    "bentos/fraud/bentofile.yaml": "fraud",
    "bentos/recommendations/bentofile.yaml": "recommendations",
    "bentos/pricing/bentofile.yaml": "pricing",
}


@pytest.mark.parametrize(("file", "model"), FILES.items())
@pytest.mark.slow
def test_the_file_builds_the_bento_it_names(trained, file, model):
    done = subprocess.run(
        (sys.executable, "-m", "bentoml", "build", "-f", file, "-o", "tag", "."),
        cwd=ROOT,
        env={
            **os.environ,
            "BENTOML_HOME": str(trained.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tag = done.stdout.strip().rpartition("__tag__:")[2].split()[0]
    assert tag.partition(":")[0] == model
    folder = trained.home / "bentoml" / "bentos" / model / tag.partition(":")[2]
    built = yaml.safe_load((folder / "bento.yaml").read_text("utf-8"))
    newest = [v["version"] for v in trained.report["versions"] if v["model"] == model][-1]
    (pinned,) = built["models"]
    assert pinned["alias"] == "graph"
    assert pinned["tag"] == newest
    assert not list((folder / "src").rglob("training"))


def test_the_root_file_is_the_fraud_one():
    options = [
        yaml.safe_load((ROOT / name).read_text("utf-8"))
        for name in ("bentofile.yaml", "bentos/fraud/bentofile.yaml")
    ]
    assert options[0] == options[1]
