"""A version's birth certificate (contract §7)."""

import re
from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from bentos.contract.features import FeatureSchema, check_schema, views_of
from bentos.contract.signature import ModelSignature, check_signature
from bentos.contract.training_consent import ConsentRef, Use, check_text

# fraud:20261122-1a2b3c4d — model, day of birth, first 8 hex digits of the ONNX digest's mix.
VERSION_TAG = re.compile(
    r"(?P<model>[a-z][a-z0-9_-]{0,39}):(?P<day>[0-9]{8})-(?P<short>[0-9a-f]{8})\Z"
)
SHA256_HEX = re.compile(r"[0-9a-f]{64}\Z")


class VersionState(StrEnum):
    """``rejected``: a gate failed. "Once promoted" is history, not a state."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    RETIRED = "retired"


class OfflineMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """How the version did on held-out data, and how the trivial baseline did.

    ``primary`` names the metric the gate compares; ``higher_is_better`` its direction.
    """

    protocol: str
    primary: str
    higher_is_better: bool
    model: dict[str, float]
    baseline_name: str
    baseline: dict[str, float]

    def beats_baseline(self) -> bool:
        """Strictly better than the baseline on the primary metric."""
        ours, theirs = self.model[self.primary], self.baseline[self.primary]
        return ours > theirs if self.higher_is_better else ours < theirs


class ParityReport(msgspec.Struct, frozen=True, kw_only=True):
    """ONNX answers against the reference, over every held-out row and the edge set."""

    rows: int
    edge_rows: int
    max_abs_error: float
    mismatches: int
    tolerance: str
    passed: bool


class DatasetRef(msgspec.Struct, frozen=True, kw_only=True):
    """The data a version was trained on. ``parts``: file → SHA-256 hex; ``digest`` over them."""

    digest: str
    parts: dict[str, str]
    source: str
    rows: int
    assumptions: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything needed to say where a version came from and to build it again.

    ``budgets``: ``onnx_bytes`` and ``p50_us`` of one row. ``cpu_kernels``: BLAS and ORT.
    ``feature_views``: tags of the views its schema declares. ``expected_shift``: what the
    trainer declares to differ from the champion. ``consent``: the merchant's, for their own data;
    left out where there is none, so that older manifests keep their digests.
    """

    version: str
    model: str
    bento_digest: str
    onnx_digest: str
    signature: ModelSignature
    features: FeatureSchema
    dataset: DatasetRef
    consent_basis: str
    code_commit: str
    lock_digest: str
    seed: int
    cpu_kernels: dict[str, str]
    offline: OfflineMetrics
    parity: ParityReport
    budgets: dict[str, float]
    mlflow_run_id: str | None = None
    feature_views: tuple[str, ...] = ()
    expected_shift: dict[str, Any] = {}
    state: VersionState = VersionState.REGISTERED
    rejection: str | None = None
    consent: ConsentRef | msgspec.UnsetType = msgspec.UNSET
    schema: int = 1

    def digest(self) -> str:
        """SHA-256 hex over the canonical JSON of the manifest."""
        return canonical.digest(self)


def model_of(version: str, field: str = "version") -> str:
    """The model a version tag belongs to; raises ContractError for what is no tag."""
    match = VERSION_TAG.match(version)
    if match is None:
        raise ContractError(field, "<model>:<yyyymmdd>-<8 hex digits>", version)
    return match["model"]


def check_manifest(manifest: Manifest) -> None:
    """Raise ContractError unless tag, model, digests, signature and schema fit together."""
    if model_of(manifest.version) != manifest.model:
        raise ContractError("manifest.version", f"a tag of {manifest.model}", manifest.version)
    if manifest.signature.model != manifest.model:
        raise ContractError("manifest.signature.model", manifest.model, manifest.signature.model)
    for field in ("bento_digest", "onnx_digest", "lock_digest"):
        if not SHA256_HEX.match(getattr(manifest, field)):
            raise ContractError(f"manifest.{field}", "64 hex digits", getattr(manifest, field))
    if not SHA256_HEX.match(manifest.dataset.digest):
        raise ContractError("manifest.dataset.digest", "64 hex digits", manifest.dataset.digest)
    _check_consent(manifest)
    _check_verdict(manifest)
    check_signature(manifest.signature)
    check_schema(manifest.features, manifest.signature)
    tags = tuple(view.tag for view in views_of(manifest.features))
    if tags and manifest.feature_views != tags:
        raise ContractError("manifest.feature_views", f"{list(tags)}", list(manifest.feature_views))


def _check_consent(manifest: Manifest) -> None:
    consent = manifest.consent
    if consent is msgspec.UNSET:
        return
    check_text(consent.text_version, consent.text_digest)
    if (consent.purpose, consent.use) != (manifest.model, Use.TRAIN):
        expected = f"a consent to train {manifest.model}"
        raise ContractError("manifest.consent", expected, f"{consent.use} {consent.purpose}")


def _check_verdict(manifest: Manifest) -> None:
    offline = manifest.offline
    for field, metrics in (("model", offline.model), ("baseline", offline.baseline)):
        if offline.primary not in metrics:
            raise ContractError(f"manifest.offline.{field}", f"to hold {offline.primary}", metrics)
    if manifest.state is VersionState.RETIRED:
        raise ContractError("manifest.state", "registered or rejected", manifest.state.value)
    if manifest.state is VersionState.REJECTED:
        if not manifest.rejection:
            raise ContractError("manifest.rejection", "the gate that failed", manifest.rejection)
    elif failed := _failed_gate(manifest):
        raise ContractError("manifest.state", f"rejected, as {failed} failed", manifest.state.value)


def _failed_gate(manifest: Manifest) -> str | None:
    if not manifest.parity.passed or manifest.parity.mismatches:
        return "parity"
    return None if manifest.offline.beats_baseline() else manifest.offline.primary
