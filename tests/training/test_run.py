"""One run on a small shop: versions, manifests, cache, gates."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bentos.contract.manifest import Manifest, check_manifest
from tests.training.made_up_shop import ROOT, run_training, shared
from training.bento_tag import stands_in_store


@pytest.mark.parametrize("position", range(4))
def test_every_manifest_keeps_the_contract(trained, position):
    raw = Path(trained.report["versions"][position]["manifest_path"]).read_bytes()
    manifest = msgspec.json.decode(raw, type=Manifest)
    check_manifest(manifest)
    assert manifest.parity.passed
    assert manifest.consent_basis.endswith("stated: contract: test")
    assert manifest.mlflow_run_id
    assert manifest.budgets["onnx_bytes"] > 0
    assert "onnxruntime" in manifest.cpu_kernels
    assert manifest.dataset.rows > 0


def test_assumptions_are_kept(trained):
    fraud, pricing = trained.manifest(1), trained.manifest(3)
    assert any("injected" in text for text in fraud["dataset"]["assumptions"])
    assert any("unit cost" in text for text in pricing["dataset"]["assumptions"])


def test_a_version_that_loses_to_its_baseline_is_rejected_with_the_reason(trained):
    for position in range(4):
        manifest = trained.manifest(position)
        offline = manifest["offline"]
        ours = offline["model"][offline["primary"]]
        theirs = offline["baseline"][offline["primary"]]
        wins = ours > theirs if offline["higher_is_better"] else ours < theirs
        assert manifest["state"] == ("registered" if wins else "rejected")
        assert wins or "does not beat" in manifest["rejection"]
    # Weekly noise is all there is to learn in the made-up shop's demand.
    assert trained.manifest(3)["state"] == "rejected"


def test_orders_before_a_day_make_another_version(trained):
    earlier, later = trained.report["versions"][:2]
    assert earlier["version"] != later["version"]
    assert earlier["dataset_rows"] < later["dataset_rows"]
    assert earlier["as_of"] == "2024-07-31"


def test_nothing_unchanged_is_done_again(trained):
    again = trained.run()
    assert [v["version"] for v in again["versions"]] == [
        v["version"] for v in trained.report["versions"]
    ]
    assert all(version["cached"] for version in again["versions"])
    assert again["seconds"] == {}


def test_a_version_gone_from_the_store_is_no_hit(trained):
    home = trained.home / "bentoml"
    assert stands_in_store(home, trained.report["versions"][0]["version"])
    assert not stands_in_store(home, "fraud:20200101-00000000")


PINNED = """
import sys, bentoml
from bentos.bento_files import digest_of, onnx_path
for tag in sys.argv[1:]:
    bento = bentoml.bentos.get(tag)
    service = bentoml.load(tag)
    instance = service()
    print(tag, digest_of(bento), onnx_path(bento).parent.name, instance.model.path.parent.name)
    assert service.inner.signature.model == tag.partition(":")[0]
    assert service.inner.schema.model == tag.partition(":")[0]
"""


def in_store(trained, code, *arguments):
    environment = {
        **os.environ,
        "BENTOML_HOME": str(trained.home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }
    done = subprocess.run(
        (sys.executable, "-c", code, *arguments),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_bento_is_pinned_to_its_own_graph_even_when_a_newer_exists(trained):
    older = trained.manifest(0)
    tag, digest, named, loaded = in_store(trained, PINNED, older["version"])
    assert digest == older["bento_digest"]
    assert named == loaded == tag.partition(":")[2]


def test_mlflow_knows_the_run(trained):
    code = """
import sys, mlflow
mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}")
run = mlflow.get_run(sys.argv[2])
print(run.data.tags["dataset_digest"], run.data.metrics["model/average_precision"])
"""
    manifest = trained.manifest(1)
    database = str((trained.home / "mlflow" / "mlflow.db").resolve())
    digest, metric = in_store(trained, code, database, manifest["mlflow_run_id"])
    assert digest == manifest["dataset"]["digest"]
    assert float(metric) == pytest.approx(manifest["offline"]["model"]["average_precision"])


def test_the_report_is_one_document(trained):
    report = trained.report
    assert set(report) == {
        "orders",
        "consent_basis",
        "versions",
        "seconds",
        "total_seconds",
        "peak_rss_mb",
    }
    assert report["orders"]["rows"] == report["orders"]["lines"]
    assert json.dumps(report)


@pytest.mark.slow
def test_real_orders_give_three_releasable_models(tmp_path):
    orders = shared("online_retail.parquet")
    done = run_training(tmp_path, "run-all", "--json", "--orders", str(orders))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [version["state"] for version in report["versions"]] == ["registered"] * 3
    assert report["orders"]["rows"] == 541_909
    assert report["peak_rss_mb"] < 1500
