"""What killed processes left half-written: removed, whoever it is about.

Every writer of the lake fills a file or folder under another name first. Whoever removes these
is alone with the lake, so none of them is still being filled.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from training import consent_source, staging
from training.redaction.work import SUFFIX
from training.settings import Settings

# Below the lake: begun files and folders are hidden ones there.
PLACES = (
    "orders/.*",
    "orders/*/.*",
    "snapshots/.*",
    "fits/.*",
    "exports/.*",
    "features/*/*/.*",
    "features/*/*/*/.*",
    "runs/*/.*.json.*",
)


def remove(settings: Settings) -> None:
    """Remove them all."""
    for path in _found(settings):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _found(settings: Settings) -> Iterator[Path]:
    lake = settings.lake
    for begun in (settings.spill, lake / staging.FOLDER):
        if begun.is_dir():
            yield begun
    for place in PLACES:
        yield from lake.glob(place)
    yield from consent_source.folder(settings).glob(".*.json.*")
    for path in (lake / "redactions").glob("*"):
        # Notes and records are whole, or under no name of theirs.
        if path.suffix not in {".json", SUFFIX}:
            yield path
