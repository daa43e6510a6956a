"""From a fitted model to a version: graph in the store, parity, gates, bento, manifest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bentos.contract import canonical
from bentos.contract.features import views_of
from bentos.contract.manifest import (
    DatasetRef,
    Manifest,
    ParityReport,
    VersionState,
    check_manifest,
)
from training import atomic, bento_store, fingerprint, gate, progress
from training.bento_tag import stands_in_store
from training.errors import ParityError
from training.fitted import Fitted
from training.lake import Snapshot
from training.lines import Lines
from training.parity import check_parity
from training.recipes import Recipe, Request, recipe, unit_cost_assumption
from training.redaction import waiting
from training.settings import Settings
from training.tracking import track

MANIFEST_FILE = "manifest.json"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version that stands in the stores, and where its manifest is."""

    version: str
    manifest_path: str


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about a fitted model before it is packaged.

    ``failures``: gates it failed; ``shift``: what it declares to differ from the champion;
    ``day`` of birth (yyyymmdd), today's by default.
    """

    failures: tuple[str, ...] = ()
    shift: dict[str, Any] = {}
    day: str | None = None


NOTHING_FOUND = Verdicts()


def package(
    settings: Settings,
    lines: Lines,
    snapshot: Snapshot,
    request: Request,
    fitted: Fitted,
    verdicts: Verdicts = NOTHING_FOUND,
) -> Version:
    """Build the version of a fitted model.

    Raises ParityError, with nothing left in the stores, if the stored graph answers
    differently; a failed gate gives a manifest with state rejected. Raises ContractError where
    the shop is to be erased whole since its rows were taken.
    """
    made = recipe(request.model)
    _check(settings, lines, made, fitted)
    short = _short(made, fitted, snapshot, lines.basis_of(request.model))
    born = _born(settings, request.model, short)
    if born is not None:
        return born
    version = f"{request.model}:{verdicts.day or f'{datetime.now(UTC):%Y%m%d}'}-{short}"
    bento = _stored(settings, version, request.model, fitted)
    with progress.step("track in MLflow"):
        run_id = track(settings, version, snapshot, fitted, bento.graph)
    reason = gate.rejection(fitted.offline, bento.budgets, verdicts.failures)
    manifest = Manifest(
        version=version,
        model=request.model,
        bento_digest=bento.digest,
        onnx_digest=fingerprint.file_digest(bento.graph),
        signature=made.signature,
        features=made.features,
        dataset=_dataset(settings, lines, snapshot, request, fitted),
        consent_basis=lines.basis_of(request.model),
        code_commit=fingerprint.code_commit(),
        lock_digest=fingerprint.lock_digest(),
        seed=request.seed,
        cpu_kernels=fingerprint.cpu_kernels(),
        offline=fitted.offline,
        parity=bento.parity,
        budgets=bento.budgets,
        mlflow_run_id=run_id,
        feature_views=tuple(view.tag for view in views_of(made.features)),
        expected_shift=verdicts.shift,
        state=VersionState.REGISTERED if reason is None else VersionState.REJECTED,
        rejection=reason,
        consent=lines.consents.get(request.model, msgspec.UNSET),
    )
    return Version(version=version, manifest_path=_write(settings.lake, manifest).as_posix())


class _Bento(NamedTuple):
    """What stands in the stores, and what was measured of it."""

    graph: Path
    parity: ParityReport
    budgets: dict[str, float]
    digest: str


def _stored(settings: Settings, version: str, model: str, fitted: Fitted) -> _Bento:
    bento_store.use(settings.bentoml_home)
    with bento_store.locked(settings.bentoml_home):
        return _build(version, model, fitted)


def _build(version: str, model: str, fitted: Fitted) -> _Bento:
    graph = bento_store.store_graph(version, fitted.onnx)
    with progress.step(f"parity {model}"):
        parity = _parity_or_discard(version, graph, fitted)
    budgets = gate.measure(graph, fitted)
    with progress.step(f"bento {model}"):
        return _Bento(graph, parity, budgets, bento_store.build_bento(version))


def _check(settings: Settings, lines: Lines, made: Recipe, fitted: Fitted) -> None:
    """Whether a version may come of it at all."""
    if lines.own_data:
        waiting.check_shop(settings.home, settings.shop)
    gate.check_figures(fitted.offline)
    if views_of(made.features):
        from training.features.pins import check_pins  # noqa: PLC0415 - Ibis takes a second

        check_pins(made.features)


def _born(settings: Settings, model: str, short: str) -> Version | None:
    """The version made of the same before, on whatever day: it keeps its tag and manifest."""
    for path in sorted(settings.lake.glob(f"versions/{model}-*-{short}/{MANIFEST_FILE}")):
        version = f"{model}:{path.parent.name.removeprefix(f'{model}-')}"
        if stands_in_store(settings.bentoml_home, version):
            return Version(version=version, manifest_path=path.as_posix())
    return None


def _short(made: Recipe, fitted: Fitted, snapshot: Snapshot, consent_basis: str) -> str:
    """8 digits of a digest over graph, schema, bento source, dataset and consent basis."""
    model = made.signature.model
    included = bento_store.bentofile(model)["include"]
    root = fingerprint.ROOT
    sources = {p.relative_to(root).as_posix() for pattern in included for p in root.glob(pattern)}
    mixed = canonical.digest(
        {
            "onnx": canonical.digest(fitted.onnx.hex()),
            "schema": made.features.digest(),
            "source": fingerprint.source_digest(*sorted(sources), f"bentos/{model}/bentofile.yaml"),
            "dataset": snapshot.digest,
            # Else a later run on another basis would be given the manifest that states the old one.
            "consent": consent_basis,
        }
    )
    return mixed[:8]


def _parity_or_discard(version: str, stored: Path, fitted: Fitted) -> ParityReport:
    try:
        return check_parity(stored, fitted)
    except ParityError:
        bento_store.discard(version)
        raise


def _dataset(
    settings: Settings, lines: Lines, snapshot: Snapshot, request: Request, fitted: Fitted
) -> DatasetRef:
    assumptions = [*lines.assumptions, *fitted.assumptions]
    assumptions += unit_cost_assumption(settings, lines, request.model)
    if request.as_of is not None:
        assumptions.append(f"orders before {request.as_of.date().isoformat()} only")
    if lines.left_out.customers:
        assumptions.append(
            f"{lines.left_out.customers} customers with {lines.left_out.lines} order lines left "
            "out: exclusion list, opt-out of data sale"
        )
    assumptions.append(f"customers pseudonymised with key {lines.pseudonym_key_id}")
    return DatasetRef(
        digest=snapshot.digest,
        parts=snapshot.parts,
        source=f"{lines.mapping}: {lines.source} (sha256 {lines.source_digest})",
        rows=snapshot.rows,
        assumptions=tuple(assumptions),
    )


def _write(lake: Path, manifest: Manifest) -> Path:
    check_manifest(manifest)
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    path = _manifest_path(lake, manifest.version)
    atomic.write_bytes(path, content)
    return path


def _manifest_path(lake: Path, version: str) -> Path:
    return lake / "versions" / version.replace(":", "-") / MANIFEST_FILE
