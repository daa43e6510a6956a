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
from training.nightly.gone import Gone
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.settings import Settings

MADE = ("fits", "exports")
LEAVING = ".leaving"


def prune(
    settings: Settings, nightly: NightlySettings, now: datetime, gone: Gone, stuck: Stuck
) -> None:
    """Take away what is older than its time, and note it. ``now`` is aware."""
    fits = now - timedelta(days=nightly.nightly_keep_fits_days)
    for name in MADE:
        _older(settings.lake / name, fits, gone, stuck)
    values = (now - timedelta(days=nightly.nightly_keep_features_days)).astimezone(UTC)
    _values(settings.offline_features, values.replace(tzinfo=None), gone, stuck)


def _older(folder: Path, limit: datetime, gone: Gone, stuck: Stuck) -> None:
    """By when they were made; a partial one (a dot before its name) is somebody else's."""
    remove_begun(folder, stuck)
    if not folder.is_dir():
        return
    for place in sorted(folder.iterdir()):
        with stuck.named(f"{folder.name}/{place.name}"):
            if not place.name.startswith(".") and place.stat().st_mtime < limit.timestamp():
                remove(place)
                gone.note(folder.name, place.name)


def _values(root: Path, limit: datetime, gone: Gone, stuck: Stuck) -> None:
    """By the moment values hold for; the newest of a view always stays."""
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
                    gone.note("features", f"{view.name}/{view.version}/{old.name}")


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
