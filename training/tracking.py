"""Each version as a run in MLflow, on sqlite below the project's home. One run a version."""

import contextlib
import os
import secrets
import warnings
from pathlib import Path
from typing import Any

from bentos.contract.manifest import OfflineMetrics
from training.fitted import Fitted
from training.lake import Snapshot
from training.settings import Settings

EXPERIMENT_PREFIX = "signalbox"
# MLflow's own column is no longer; the whole digest is a tag.
MAX_DATASET_DIGEST = 36


def track(settings: Settings, version: str, snapshot: Snapshot, fitted: Fitted, onnx: Path) -> str:
    """Log parameters, metrics, the dataset with our digest, and the graph; returns the run's id.

    A version that has a finished run keeps it; one that was broken off is deleted.
    """
    client, mlflow = open_tracking(settings)
    experiment = _experiment(settings, client, version.partition(":")[0])
    known = _finished(client, experiment, version)
    if known is not None:
        return known
    with mlflow.start_run(experiment_id=experiment, run_name=version) as run:
        mlflow.set_tags({"version": version, "dataset_digest": snapshot.digest})
        mlflow.log_input(_dataset(snapshot), context="training")
        mlflow.log_params(fitted.parameters)
        mlflow.log_metrics(_metrics(fitted.offline))
        mlflow.log_artifact(str(onnx))
        return str(run.info.run_id)


def open_tracking(settings: Settings) -> tuple[Any, Any]:
    """MLflow's client and the package, pointed at this home's database."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    import mlflow  # noqa: PLC0415 - four seconds

    database = settings.mlflow_database.resolve()
    database.parent.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        _create(database, mlflow)
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    return mlflow.MlflowClient(), mlflow


def _create(database: Path, mlflow: Any) -> None:
    """The database with all its tables, or none: killed halfway through making them, MLflow
    could never open it again."""
    partial = database.with_name(f".{database.name}.{secrets.token_hex(4)}")
    try:
        mlflow.MlflowClient(f"sqlite:///{partial}").search_experiments()
        # Whoever was faster keeps theirs.
        with contextlib.suppress(FileExistsError):
            os.link(partial, database)
    finally:
        partial.unlink(missing_ok=True)


def _experiment(settings: Settings, client: Any, model: str) -> str:
    name = f"{EXPERIMENT_PREFIX}-{model}"
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    artifacts = (settings.mlflow_database.resolve().parent / "artifacts").as_uri()
    return str(client.create_experiment(name, artifact_location=artifacts))


def _finished(client: Any, experiment: str, version: str) -> str | None:
    runs = client.search_runs([experiment], f"tags.version = '{version}'")
    for run in runs:
        if run.info.status == "FINISHED":
            return str(run.info.run_id)
        client.delete_run(run.info.run_id)
    return None


def _dataset(snapshot: Snapshot) -> Any:
    """The snapshot as MLflow sees datasets: where it lies and our digest, no sample of ours."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source  # noqa: PLC0415
    from mlflow.data.meta_dataset import MetaDataset  # noqa: PLC0415

    with warnings.catch_warnings():
        # It warns of two names for the one kind of source there is.
        warnings.simplefilter("ignore", UserWarning)
        source = resolve_dataset_source(snapshot.folder_path.resolve().as_uri())
    return MetaDataset(source, name="snapshot", digest=snapshot.digest[:MAX_DATASET_DIGEST])


def _metrics(offline: OfflineMetrics) -> dict[str, float]:
    """MLflow refuses ``@`` in a name."""
    named = {f"model/{name}": value for name, value in offline.model.items()}
    named |= {f"baseline/{name}": value for name, value in offline.baseline.items()}
    return {name.replace("@", "_at_"): value for name, value in named.items()}
