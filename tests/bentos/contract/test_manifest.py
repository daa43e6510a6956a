import hashlib
from typing import Any

import msgspec
import pytest

from bentos.contract import canonical
from bentos.contract.datatype import Datatype
from bentos.contract.errors import ContractError
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.manifest import (
    DatasetRef,
    Manifest,
    OfflineMetrics,
    ParityReport,
    VersionState,
    check_manifest,
    model_of,
)
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec

DIGEST = hashlib.sha256(b"x").hexdigest()
OFFLINE = OfflineMetrics(
    protocol="last 20 % by time",
    primary="average_precision",
    higher_is_better=True,
    model={"average_precision": 0.6},
    baseline_name="order value alone",
    baseline={"average_precision": 0.2},
)
PARITY = ParityReport(
    rows=10, edge_rows=2, max_abs_error=0.0, mismatches=0, tolerance="abs 1e-5", passed=True
)
SIGNATURE = ModelSignature(
    model="fraud",
    inputs=(InputSpec(name="value", datatype=Datatype.FP64),),
    outputs=(OutputSpec(name="probability", datatype=Datatype.FP32),),
)
SCHEMA = FeatureSchema(model="fraud", features=(Feature(name="value", source="input:value"),))
DATASET = DatasetRef(digest=DIGEST, parts={"a.parquet": DIGEST}, source="test", rows=10)


def manifest(**changes: Any) -> Manifest:
    members: dict[str, Any] = {
        "version": "fraud:20261122-1a2b3c4d",
        "model": "fraud",
        "bento_digest": DIGEST,
        "onnx_digest": DIGEST,
        "signature": SIGNATURE,
        "features": SCHEMA,
        "dataset": DATASET,
        "consent_basis": "contract",
        "code_commit": "0" * 40,
        "lock_digest": DIGEST,
        "seed": 7,
        "cpu_kernels": {"blas": "openblas", "ort": "mlas"},
        "offline": OFFLINE,
        "parity": PARITY,
        "budgets": {"onnx_bytes": 1.0, "p50_us": 1.0},
    }
    return Manifest(**(members | changes))


def replaced(record, **changes):
    return msgspec.structs.replace(record, **changes)


def test_sound_manifest_passes():
    check_manifest(manifest())


def test_rejected_manifest_may_have_failed_its_gates_but_says_which():
    worse = replaced(OFFLINE, model={"average_precision": 0.1})
    missed = replaced(PARITY, passed=False, mismatches=1)
    rejected = {"state": VersionState.REJECTED, "rejection": "loses to the baseline"}
    check_manifest(manifest(offline=worse, parity=missed, **rejected))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": "fraud"}, "version"),
        ({"version": "fraud:latest"}, "version"),
        ({"version": "pricing:20261122-1a2b3c4d"}, "manifest.version"),
        ({"signature": replaced(SIGNATURE, model="pricing")}, "manifest.signature.model"),
        ({"signature": replaced(SIGNATURE, outputs=())}, "signature.outputs"),
        ({"features": replaced(SCHEMA, model="pricing")}, "schema.model"),
        ({"bento_digest": "0"}, "manifest.bento_digest"),
        ({"onnx_digest": DIGEST.upper()}, "manifest.onnx_digest"),
        ({"lock_digest": DIGEST + "\n"}, "manifest.lock_digest"),
        ({"dataset": replaced(DATASET, digest="")}, "manifest.dataset.digest"),
        ({"offline": replaced(OFFLINE, primary="auc")}, "manifest.offline.model"),
        ({"offline": replaced(OFFLINE, baseline={})}, "manifest.offline.baseline"),
        ({"state": VersionState.RETIRED}, "manifest.state"),
        ({"state": VersionState.REJECTED}, "manifest.rejection"),
        ({"parity": replaced(PARITY, passed=False)}, "manifest.state"),
        ({"parity": replaced(PARITY, mismatches=1)}, "manifest.state"),
        ({"offline": replaced(OFFLINE, higher_is_better=False)}, "manifest.state"),
        ({"offline": replaced(OFFLINE, baseline=OFFLINE.model)}, "manifest.state"),
    ],
)
def test_manifest_that_does_not_fit_together_is_refused(changes, field):
    with pytest.raises(ContractError) as caught:
        check_manifest(manifest(**changes))
    assert caught.value.field == field


def test_digest_survives_the_wire_and_follows_a_change():
    one = manifest()
    data = canonical.canonical_json(canonical.as_builtins(one))
    assert msgspec.json.decode(data, type=Manifest).digest() == one.digest()
    assert manifest(seed=8).digest() != one.digest()


@pytest.mark.parametrize("model", ["fraud", "a", "price-2_b", "m" * 40])
def test_model_of_a_tag(model):
    assert model_of(f"{model}:20261122-1a2b3c4d") == model


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "fraud",
        "fraud:",
        "Fraud:20261122-1a2b3c4d",
        "2fraud:20261122-1a2b3c4d",
        "fraud:20261122-1a2b3c4",
        "fraud:20261122-1A2B3C4D",
        "fraud:20261122-1a2b3c4d\n",
        "fraud:٢٠٢٦١١٢٢-1a2b3c4d",
        " fraud:20261122-1a2b3c4d",
        "m" * 41 + ":20261122-1a2b3c4d",
        "../fraud:20261122-1a2b3c4d",
    ],
)
def test_what_is_no_tag_has_no_model(tag):
    with pytest.raises(ContractError) as caught:
        model_of(tag, "candidate")
    assert caught.value.field == "candidate"


@pytest.mark.parametrize(
    ("higher", "ours", "theirs", "beats"),
    [
        (True, 0.6, 0.5, True),
        (True, 0.5, 0.5, False),
        (True, 0.4, 0.5, False),
        (False, 0.4, 0.5, True),
        (False, 0.5, 0.5, False),
        (False, 0.6, 0.5, False),
    ],
)
def test_beating_the_baseline_is_strict_and_knows_its_direction(higher, ours, theirs, beats):
    offline = replaced(
        OFFLINE, primary="m", higher_is_better=higher, model={"m": ours}, baseline={"m": theirs}
    )
    assert offline.beats_baseline() is beats
