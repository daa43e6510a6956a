"""Bentos of the tiny model, built for real, and the manifests they are registered with."""

from pathlib import Path
from typing import Any

from bentos.contract import canonical
from bentos.contract.features import FeatureSchema, views_of
from bentos.contract.manifest import DatasetRef, Manifest, OfflineMetrics, ParityReport
from bentos.contract.signature import ModelSignature
from load_tests.installation.model import MODEL, SCHEMA, SIGNATURE
from tests.bentos.tiny.store import build_tiny

VERSIONS = ("tiny:20260101-0000000a", "tiny:20260102-0000000b")


def build(project: Path, version: str, environment: dict[str, str]) -> str:
    """Build one version under ``project`` into the environment's BENTOML_HOME; its digest."""
    project.mkdir(parents=True)
    return build_tiny(project, version.partition(":")[2], environment)


def manifest(
    version: str,
    bento_digest: str,
    signature: ModelSignature = SIGNATURE,
    features: FeatureSchema = SCHEMA,
) -> dict[str, Any]:
    """What training would say of it; the figures are made up."""
    record = Manifest(
        version=version,
        model=MODEL,
        bento_digest=bento_digest,
        onnx_digest="0" * 64,
        signature=signature,
        features=features,
        dataset=DatasetRef(digest="d" * 64, parts={"rows": "d" * 64}, source="made", rows=10),
        consent_basis="made-up",
        code_commit="0" * 40,
        lock_digest="1" * 64,
        seed=1,
        cpu_kernels={"ort": "any"},
        offline=OfflineMetrics(
            protocol="sums",
            primary="accuracy",
            higher_is_better=True,
            model={"accuracy": 1.0},
            baseline_name="zero",
            baseline={"accuracy": 0.0},
        ),
        parity=ParityReport(
            rows=10, edge_rows=2, max_abs_error=0.0, mismatches=0, tolerance="0", passed=True
        ),
        budgets={"onnx_bytes": 1.0},
        feature_views=tuple(view.tag for view in views_of(features)),
    )
    members: dict[str, Any] = canonical.as_builtins(record)
    return members
