"""A version is made again to the byte; what keeps it from that is named."""

import json
import shutil
from pathlib import Path

import pytest

from tests.training.made_up_shop import run_training


@pytest.fixture(scope="module")
def home(trained, tmp_path_factory):
    """A copy of what reproducing reads: a test may break it."""
    copy = tmp_path_factory.mktemp("copy")
    for name in ("snapshots", "versions"):
        shutil.copytree(trained.home / "lake" / name, copy / "lake" / name)
    return copy


def version_of(trained):
    """Fraud's second: its first was made of other orders."""
    return trained.report["versions"][1]["version"], trained.manifest(1)


def reproduced(home, version, code):
    done = run_training(home, "reproduce", version, "--json")
    assert done.returncode == code, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_a_version_is_made_again_to_the_byte_and_nothing_is_left_behind(trained, home):
    version, _ = version_of(trained)
    found = reproduced(home, version, 0)
    assert found["verdict"] == "identical"
    assert found["differences"] == []
    assert not (home / "bentoml").exists()
    assert not (home / "mlflow").exists()


@pytest.mark.slow
def test_another_manifest_than_the_bytes_is_a_difference_by_name(trained, home):
    version, manifest = version_of(trained)
    path = home / "lake/versions" / version.replace(":", "-") / "manifest.json"
    kept = path.read_text()
    try:
        path.write_text(json.dumps(manifest | {"onnx_digest": "0" * 64, "seed": 7}))
        found = reproduced(home, version, 5)
    finally:
        path.write_text(kept)
    assert found["differences"][0]["what"] == "onnx_digest"
    assert found["differences"][0]["manifest"] == "0" * 64


def test_a_redacted_dataset_names_its_redaction_and_a_lost_one_does_not(trained, home):
    version, manifest = version_of(trained)
    digest = manifest["dataset"]["digest"]
    (part,) = (home / "lake/snapshots" / digest).iterdir()
    part.rename(part.with_suffix(".aside"))
    try:
        lost = reproduced(home, version, 1)
        assert (lost["verdict"], lost["differences"][0]["now"]) == ("lost", None)
        place = home / "lake/redactions"
        place.mkdir()
        record = {
            "id": "r-17",
            "at": "2026-11-20T10:00:00Z",
            "reason": "customers/redact",
            "snapshots": {digest: "1" * 64},
        }
        (place / "r-17.json").write_text(json.dumps(record))
        redacted = reproduced(home, version, 6)
    finally:
        part.with_suffix(".aside").rename(part)
        shutil.rmtree(home / "lake/redactions", ignore_errors=True)
    assert redacted["redactions"] == ["r-17 of 2026-11-20T10:00:00Z: customers/redact"]
    became = {"what": "dataset", "manifest": digest, "now": "1" * 64}
    assert redacted["differences"][0] == became


def test_the_short_form_and_an_unknown_version(home):
    done = run_training(home, "--reproduce", "fraud:20200101-00000000")
    assert done.returncode == 2
    assert "one whose manifest lies in this home's lake" in done.stderr
    assert Path(home).exists()
