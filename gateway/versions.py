"""Which versions of a model are known, which of them run, and which one the caller means.

A version is *known* when the ``schemas`` document names it, *running* when a worker of it is
connected. Callers may write the full tag (``fraud:20260101-aaaa``) or the part after the model.
"""

from gateway.errors import NotFound, Unavailable
from gateway.lane import Lane
from gateway.snapshot import ModelView, Snapshot


def view_of(snapshot: Snapshot, model: str) -> ModelView:
    """The model's view; raises Unavailable before anything is published, else NotFound."""
    if snapshot.routes is None:
        raise Unavailable("routes and kill: expected published documents, got none yet")
    view = snapshot.models.get(model)
    if view is None:
        raise NotFound(f"model: expected one of {sorted(snapshot.models)}, got {model!r}")
    return view


def known(snapshot: Snapshot, model: str) -> list[str]:
    """Tags of every published version of the model, sorted."""
    return sorted(tag for tag, owner in snapshot.model_of.items() if owner == model)


def running(snapshot: Snapshot, model: str) -> list[str]:
    """Tags of the versions a worker is connected for, sorted."""
    lanes = snapshot.lanes
    return [tag for tag in known(snapshot, model) if tag in lanes and lanes[tag].reachable]


def lane_of(snapshot: Snapshot, model: str, version: str) -> Lane:
    """The lane of a version named by the caller.

    Raises NotFound for a version nobody published and Unavailable for one that does not run.
    """
    tag = version if ":" in version else f"{model}:{version}"
    if snapshot.model_of.get(tag) != model:
        names = [short(running_tag) for running_tag in running(snapshot, model)]
        raise NotFound(
            f"version: expected a running version of {model!r}, one of {names}, got {version!r}"
        )
    lane = snapshot.lanes.get(tag)
    if lane is None:
        raise Unavailable(f"version: expected one that runs, got {version!r}, which has no worker")
    return lane


def short(tag: str) -> str:
    """The part of a tag that the Open Inference Protocol calls the version."""
    return tag.partition(":")[2]
