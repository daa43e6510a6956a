"""A whole shop out of what training keeps: everything made of its orders goes.

What stays names nobody: manifests and cards of versions, their bentos and MLflow runs, the
merchant's consents, and the records of redactions.
"""

from pathlib import Path

from training.nightly import schedule_state
from training.redaction import consents, feature_values, online_values
from training.redaction.work import Work
from training.settings import Settings

FOLDERS = ("shop", "orders", "snapshots", "features", "fits", "exports", "runs")


def count(settings: Settings, work: Work) -> None:
    """Note what is there: files, and records of the online store."""
    for name in FOLDERS:
        work.found(f"lake/{name}", len(_files(settings.lake / name)))
    work.found("online store", online_values.count(settings, (), work))
    consents.count(settings, None, work)
    for place in (settings.lake / "snapshots").glob("[0-9a-f]*"):
        work.snapshots[place.name] = None
    for place in feature_values.places(settings.offline_features):
        with work.going_through(place, settings.home):
            partition = feature_values.partition_of(place)
            if partition is not None:
                work.features[partition.digest] = None


def erase(settings: Settings, work: Work) -> None:
    """Remove it; the caller is the one that syncs (``ShopLake.syncing``)."""
    for name in FOLDERS:
        _clear(settings.lake / name)
    online_values.erase(settings, (), work)
    consents.erase(settings, None, work)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not _kept(path)]


def _kept(path: Path) -> bool:
    # Held by whoever runs, or about no orders.
    return path.suffix == ".lock" or path.name == schedule_state.FILE


def _clear(folder: Path) -> None:
    for path in _files(folder):
        path.unlink(missing_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
