"""Which versions learned from somebody: manifest → dataset → did it hold them?"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from bentos import redaction_files
from bentos.contract.manifest import VERSION_TAG, Manifest
from bentos.contract.redaction import TrainedVersion
from training.redaction.scope import Scope
from training.redaction.work import Work
from training.run import read_manifest


def note_versions(lake: Path, held: Collection[str], scope: Scope | None, work: Work) -> None:
    """Note versions of datasets in ``held``, by what became of these through earlier redactions.

    A dataset that is gone can no longer be asked: its versions count where they were made after
    the person's first purchase. Without ``scope``: every version there is.
    """
    redacted: dict[str, str | None] = {}
    for path in redaction_files.record_files(lake):
        with work.going_through(path, lake.parent):
            redacted |= redaction_files.read_record(path).snapshots
    found = []
    for path in sorted((lake / "versions").glob("*/manifest.json")):
        with work.going_through(path, lake.parent):
            manifest = read_manifest(path)
            now = _became(manifest.dataset.digest, redacted)
            gone = now is None or not (lake / "snapshots" / now).is_dir()
            if scope is None or now in held or (gone and _may_know(manifest, scope)):
                found.append(TrainedVersion(model=manifest.model, version=manifest.version))
    work.trained(found)


def _became(digest: str, redacted: dict[str, str | None]) -> str | None:
    now: str | None = digest
    while now is not None and now in redacted:
        now = redacted[now]
    return now


def _may_know(manifest: Manifest, scope: Scope) -> bool:
    tag = VERSION_TAG.match(manifest.version)
    if tag is None or not scope.purchases:
        return False
    first = min(each.moment_us for each in scope.purchases)
    return f"{datetime.fromtimestamp(first / 1e6, UTC):%Y%m%d}" <= tag["day"]
