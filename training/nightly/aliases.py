"""MLflow's aliases ``champion`` and ``challenger``, kept equal to what the control plane says.

The control plane decides what serves; MLflow is where data scientists look. An alias that
points at a version MLflow does not hold is taken away rather than left to lie.
"""

from typing import Any

from training.nightly.desk_steps import model_at
from training.nightly.night import Night
from training.nightly.outputs import Aliases, Drafted
from training.tracking import EXPERIMENT_PREFIX, open_tracking

CHAMPION, CHALLENGER = "champion", "challenger"


def aliases(night: Night, model: str, drafted: Drafted) -> Aliases:
    """Set both aliases of a model by the control plane's word."""
    del drafted
    serving = model_at(night, model) or {"stable": None, "release": None}
    release = serving["release"]
    opened = night.control.get(f"/api/v1/releases/{release}") if release else None
    challenger = None if opened is None else opened["candidate"]
    client, mlflow = open_tracking(night.settings)
    name = f"{EXPERIMENT_PREFIX}-{model}"
    _ensure_model(client, mlflow, name)
    wanted = {CHAMPION: serving["stable"], CHALLENGER: challenger}
    held = {alias: _point(client, name, alias, version) for alias, version in wanted.items()}
    return Aliases(champion=held[CHAMPION], challenger=held[CHALLENGER])


def _point(client: Any, name: str, alias: str, version: str | None) -> str | None:
    """Point an alias at a version of ours; returns what it points at."""
    number = None if version is None else _numbered(client, name, version)
    if number is None:
        client.delete_registered_model_alias(name, alias)
        return None
    client.set_registered_model_alias(name, alias, number)
    return version


def _numbered(client: Any, name: str, version: str) -> str | None:
    """MLflow's number of our version, made from its run where it has none."""
    for known in client.search_model_versions(f"name = '{name}'"):
        if known.tags.get("version") == version:
            return str(known.version)
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return None
    found = client.search_runs([experiment.experiment_id], f"tags.version = '{version}'")
    runs = [run for run in found if run.info.status == "FINISHED"]
    if not runs:
        return None
    run = runs[0]
    made = client.create_model_version(
        name, run.info.artifact_uri, run.info.run_id, tags={"version": version}
    )
    return str(made.version)


def _ensure_model(client: Any, mlflow: Any, name: str) -> None:
    try:
        client.get_registered_model(name)
    except mlflow.exceptions.MlflowException:
        client.create_registered_model(name)
