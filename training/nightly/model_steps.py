"""The steps of one model: features, split, fit, evaluate, export, package."""

from collections.abc import Callable
from pathlib import Path

from bentos.contract import canonical
from training import run as runs
from training.bento_tag import stands_in_store
from training.fingerprint import file_digest
from training.lake import Snapshot
from training.nightly import fit_files, judge, leakage
from training.nightly.errors import BadDataError
from training.nightly.night import Night
from training.nightly.outputs import Built, Champion, Checked, Exported, Fit, Judged, Split
from training.nightly.window import window_of
from training.recipes import recipe


def snapshot(night: Night, model: str, checked: Checked) -> Snapshot:
    """The model's rows, point-in-time correct, as a dataset version."""
    return runs.make_snapshot(night.settings, checked.lines, night.request(model))


def split(night: Night, model: str, snapshot: Snapshot) -> Split:
    """Rows of each window; raises BadDataError where the future leaks into the past."""
    from training.orders import connect  # noqa: PLC0415 - DuckDB

    folder = snapshot.folder_path
    sides = leakage.sides_of(model, leakage.border_of(model, folder))
    settings = night.settings
    with connect(settings.training_memory, settings.training_threads, settings.spill) as connection:
        findings, border, twins = leakage.find(connection, folder, sides)
    if findings:
        raise BadDataError(findings)
    return Split(rows=recipe(model).windows(folder), border=border, twins=twins)


def fit(night: Night, model: str, snapshot: Snapshot, split: Split) -> Fit:
    """Fit on what lies before the split; graph and model are kept for the steps to come."""
    del split
    fitted = runs.fit(snapshot, night.request(model))
    place = night.settings.lake / "fits" / f"{model}-{snapshot.digest[:16]}-{night.settings.seed}"
    return fit_files.store(place, fitted)


def evaluate(night: Night, model: str, snapshot: Snapshot, fit: Fit, champion: Champion) -> Judged:
    """The gates about answers, on the newest labelled window."""
    return judge.judge(
        window_of(model, snapshot.folder_path),
        Path(fit.folder) / fit_files.GRAPH_FILE,
        champion,
        fit.offline,
        schema_digest=recipe(model).features.digest(),
        margin=night.nightly.nightly_margin,
        min_rows=night.nightly.nightly_min_rows,
        seed=night.settings.seed,
    )


def export(night: Night, model: str, snapshot: Snapshot, fit: Fit, judged: Judged) -> Exported:
    """The graph as a file, held against the fitted model; raises ParityError on a miss."""
    del judged
    from training.export import export_graph  # noqa: PLC0415 - onnxruntime

    fitted = fit_files.load(fit)
    path, parity = export_graph(night.settings, snapshot, night.request(model), fitted)
    return Exported(path=path.as_posix(), onnx_digest=file_digest(path), parity=parity)


def package(
    night: Night,
    model: str,
    checked: Checked,
    snapshot: Snapshot,
    fit: Fit,
    judged: Judged,
    exported: Exported,
) -> Built:
    """Bento and manifest. A failed gate makes the version a rejected one, with the reasons."""
    del exported
    from training.package import Verdicts, package  # noqa: PLC0415 - BentoML

    verdicts = Verdicts(failures=_failures(judged), shift=shift_of(judged), day=night.record.day)
    version = package(
        night.settings,
        checked.lines,
        snapshot,
        night.request(model),
        fit_files.load(fit),
        verdicts,
    )
    manifest = runs.read_manifest(Path(version.manifest_path))
    return Built(
        version=manifest.version,
        manifest_path=version.manifest_path,
        manifest_digest=canonical.digest(manifest),
        bento_digest=manifest.bento_digest,
        state=manifest.state.value,
        rejection=manifest.rejection,
    )


def _failures(judged: Judged) -> tuple[str, ...]:
    """Without the baseline's, which packaging asks itself."""
    return tuple(g.said for g in judged.gates if g.passed is False and g.name != "baseline")


def shift_of(judged: Judged) -> dict[str, object]:
    """What the manifest declares to differ from the champion."""
    found = judged.improvement
    if found is None:
        return {}
    return {
        "champion": judged.champion,
        "improvement": [found.low, found.middle, found.high],
        "level": found.level,
    }


def graph_stands(exported: Exported) -> bool:
    """Whether the exported graph is there with the bytes that were written."""
    path = Path(exported.path)
    return path.is_file() and file_digest(path) == exported.onnx_digest


def version_stands(bentoml_home: Path) -> Callable[[Built], bool]:
    """Whether a version's bento, graph and manifest are there."""

    def stands(built: Built) -> bool:
        there = stands_in_store(bentoml_home, built.version)
        return there and Path(built.manifest_path).is_file()

    return stands
