"""How long what nights leave behind is kept: fitted models and exported graphs, views' values.

Versions, manifests and run manifests stay: they are evidence. A fit or a graph is there
for the steps after it, and made again from its dataset when asked for. Values of views are what
later models learn from, so theirs is the longer time. Datasets and lines: ``unneeded.py``.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from training.features import offline
from training.features.registry import VIEWS
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.settings import Settings

MADE = ("fits", "exports")
LEAVING = ".leaving"


def prune(
    settings: Settings, nightly: NightlySettings, now: datetime, stuck: Stuck
) -> dict[str, int]:
    """Take away what is older than its time; place → how many were taken. ``now`` is aware."""
    fits = now - timedelta(days=nightly.nightly_keep_fits_days)
    gone = {name: _older(settings.lake / name, fits, stuck) for name in MADE}
    values = (now - timedelta(days=nightly.nightly_keep_features_days)).astimezone(UTC)
    gone["features"] = _values(settings.offline_features, values.replace(tzinfo=None), stuck)
    return {name: count for name, count in gone.items() if count}


def _older(folder: Path, limit: datetime, stuck: Stuck) -> int:
    """By when they were made; a partial one (a dot before its name) is somebody else's."""
    remove_begun(folder, stuck)
    if not folder.is_dir():
        return 0
    gone = 0
    for place in sorted(folder.iterdir()):
        with stuck.named(f"{folder.name}/{place.name}"):
            if not place.name.startswith(".") and place.stat().st_mtime < limit.timestamp():
                remove(place)
                gone += 1
    return gone


def _values(root: Path, limit: datetime, stuck: Stuck) -> int:
    """By the moment values hold for; the newest of a view always stays."""
    gone = 0
    for view in VIEWS:
        moments: tuple[datetime, ...] = ()
        place = root / view.name / f"{view.version}"
        with stuck.named(f"{root.name}/{view.name}/{view.version}"):
            remove_begun(place, stuck)
            moments = offline.moments(root, view)
        for moment in moments[:-1]:
            if moment < limit:
                old = offline.folder_of(root, view, moment)
                with stuck.named(f"{root.name}/{view.name}/{view.version}/{old.name}"):
                    remove(old)
                    gone += 1
    return gone


def remove(place: Path) -> None:
    """Under another name first, so that nobody finds half of it under its own."""
    leaving = place.with_name(f".{place.name}{LEAVING}")
    place.rename(leaving)
    _destroy(leaving)


def remove_begun(folder: Path, stuck: Stuck) -> None:
    """What a night that was killed had begun to take away."""
    for leaving in folder.glob(f".*{LEAVING}"):
        with stuck.named(f"{folder.name}/{leaving.name}"):
            _destroy(leaving)


def _destroy(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
