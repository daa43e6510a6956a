"""The run: lines → snapshot → fit → version, each kept under what it depends on.

Nothing whose inputs are unchanged is done again. Every step is a plain function; the CLI and
the pipelines of others call the same ones.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.manifest import Manifest
from training import allowed_columns, progress
from training.fingerprint import key_of, lock_digest, source_digest
from training.fitted import Fitted
from training.lake import Snapshot, load_record, save_record, store_snapshot, used_now
from training.lines import Lines
from training.recipes import Request, recipe
from training.redaction import waiting
from training.settings import Settings

PACKAGE_CODE = (
    "bentos/bento_files.py",
    "bentos/instances.py",
    "bentos/oip_app.py",
    "bentos/oip_tensor.py",
    "bentos/oip_timeout.py",
    "bentos/onnx_model.py",
    "training/bento_store.py",
    "training/gate.py",
    "training/package.py",
    "training/tracking.py",
)


class VersionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a run, for people and for scripts."""

    version: str
    model: str
    state: str
    rejection: str | None
    manifest_path: str
    as_of: str | None
    cached: bool
    dataset_digest: str
    dataset_rows: int
    assumptions: tuple[str, ...]
    offline: dict[str, Any]
    parity: dict[str, Any]
    budgets: dict[str, float]


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints."""

    orders: dict[str, Any]
    consent_basis: str
    versions: tuple[VersionReport, ...]
    seconds: dict[str, float]
    total_seconds: float
    peak_rss_mb: float


def run(settings: Settings, lines: Lines, requests: tuple[Request, ...]) -> RunReport:
    """Make every requested version and report on all of them."""
    began = time.perf_counter()
    versions = tuple(make_version(settings, lines, request) for request in requests)
    return RunReport(
        orders=lines.report,
        consent_basis=lines.consent_basis,
        versions=versions,
        seconds=progress.seconds(),
        total_seconds=round(time.perf_counter() - began, 2),
        peak_rss_mb=peak_rss_mb(),
    )


def make_version(settings: Settings, lines: Lines, request: Request) -> VersionReport:
    """Snapshot, fit and package, or what they gave before for the same inputs."""
    from training.bento_tag import stands_in_store  # noqa: PLC0415

    snapshot = make_snapshot(settings, lines, request)
    key = _version_key(settings, lines, snapshot, request)
    known = load_record(settings.lake, f"versions-{request.model}", key, str)
    if known is not None and Path(known).is_file():
        manifest = read_manifest(Path(known))
        if stands_in_store(settings.bentoml_home, manifest.version):
            return report(manifest, Path(known), request, cached=True)
    fitted = fit(snapshot, request)
    from training.package import package  # noqa: PLC0415

    version = package(settings, lines, snapshot, request, fitted)
    save_record(settings.lake, f"versions-{request.model}", key, version.manifest_path)
    path = Path(version.manifest_path)
    return report(read_manifest(path), path, request, cached=False)


def make_snapshot(settings: Settings, lines: Lines, request: Request) -> Snapshot:
    """The dataset version of a request."""
    made = recipe(request.model)
    lines.check_consent(request.model)
    if lines.own_data:
        waiting.check_shop(settings.home, settings.shop)
    key = key_of(
        lines=lines.path,
        as_of=str(request.as_of),
        seed=request.seed,
        cost=settings.unit_cost_ratio,
        lock=lock_digest(),
        code=source_digest(*made.code),
    )
    step = f"snapshots-{request.model}"
    known = load_record(settings.lake, step, key, Snapshot)
    if known is not None and snapshot_stands(known):
        used_now(known.folder_path)
        return known
    with progress.step(f"features {request.model}"):
        (settings.lake / "snapshots").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.lake / "snapshots", prefix=".") as place:
            filled = Path(place) / "filled"
            filled.mkdir()
            rows = made.snapshot(settings, lines, request, filled)
            allowed_columns.check_folder(filled)
            snapshot = store_snapshot(settings.lake, filled, rows)
    save_record(settings.lake, step, key, snapshot)
    return snapshot


def snapshot_stands(snapshot: Snapshot) -> bool:
    """Whether all parts of a snapshot are there."""
    return all((snapshot.folder_path / part).is_file() for part in snapshot.parts)


def fit(snapshot: Snapshot, request: Request) -> Fitted:
    """Split by time, fit, evaluate and export; nothing is written."""
    with progress.step(f"fit {request.model}"):
        return recipe(request.model).fit(snapshot.folder_path, request.seed)


def read_manifest(path: Path) -> Manifest:
    """A manifest from its file; raises ContractError for what is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(str(path), "a manifest", str(error)) from error


def report(manifest: Manifest, path: Path, request: Request, *, cached: bool) -> VersionReport:
    """What a run says of one version."""
    return VersionReport(
        version=manifest.version,
        model=manifest.model,
        state=manifest.state.value,
        rejection=manifest.rejection,
        manifest_path=path.as_posix(),
        as_of=request.as_of.date().isoformat() if request.as_of else None,
        cached=cached,
        dataset_digest=manifest.dataset.digest,
        dataset_rows=manifest.dataset.rows,
        assumptions=manifest.dataset.assumptions,
        offline=msgspec.to_builtins(manifest.offline),
        parity=msgspec.to_builtins(manifest.parity),
        budgets=manifest.budgets,
    )


def as_of_moment(text: str | None, lines: Lines) -> datetime | None:
    """``2017-12-01``, or ``-30d``: that many days before the day after the last order."""
    if text is None:
        return None
    try:
        if text.startswith("-") and text.endswith("d"):
            last = datetime.fromisoformat(str(lines.report["last"]))
            day = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
            moment = day - timedelta(days=int(text[1:-1]))
        else:
            moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise ContractError("--as-of", "YYYY-MM-DD or -<days>d", text) from error
    return moment.replace(tzinfo=None)


def peak_rss_mb() -> float:
    """Most memory this process held at once, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def _version_key(settings: Settings, lines: Lines, snapshot: Snapshot, request: Request) -> str:
    made = recipe(request.model)
    return key_of(
        dataset=snapshot.digest,
        lines=lines.path,
        as_of=str(request.as_of),
        seed=request.seed,
        cost=settings.unit_cost_ratio,
        lock=lock_digest(),
        code=source_digest(*made.code, *PACKAGE_CODE, f"bentos/{request.model}"),
    )
