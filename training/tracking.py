"""Each version as a run in MLflow, on sqlite below the project's home."""

import os
from pathlib import Path

from bentos.contract.manifest import OfflineMetrics
from training.fitted import Fitted
from training.settings import Settings

EXPERIMENT_PREFIX = "signalbox"


def track(settings: Settings, version: str, dataset_digest: str, fitted: Fitted, onnx: Path) -> str:
    """Log parameters, metrics, the dataset's digest and the graph; returns the run's id."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    import mlflow  # noqa: PLC0415 - four seconds

    database = settings.mlflow_database.resolve()
    database.parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    model = version.partition(":")[0]
    name = f"{EXPERIMENT_PREFIX}-{model}"
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    artifacts = (database.parent / "artifacts").as_uri()
    identifier = (
        experiment.experiment_id
        if experiment is not None
        else client.create_experiment(name, artifact_location=artifacts)
    )
    with mlflow.start_run(experiment_id=identifier, run_name=version) as run:
        mlflow.set_tags({"version": version, "dataset_digest": dataset_digest})
        mlflow.log_params(fitted.parameters)
        mlflow.log_metrics(_metrics(fitted.offline))
        mlflow.log_artifact(str(onnx))
        return str(run.info.run_id)


def _metrics(offline: OfflineMetrics) -> dict[str, float]:
    """MLflow refuses ``@`` in a name."""
    named = {f"model/{name}": value for name, value in offline.model.items()}
    named |= {f"baseline/{name}": value for name, value in offline.baseline.items()}
    return {name.replace("@", "_at_"): value for name, value in named.items()}
