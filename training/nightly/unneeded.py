"""Datasets and order lines that are past their time and that nobody needs: found, noted, removed.

A dataset stays while a version that learned from it is registered and not retired: it is made
again from it (``reproduce``). It also stays for its time after it was last used, and after the
version was retired. Order lines are needed to find what datasets hold of a person; older ones go
once their time is over, and what they tell that tonight's do not is kept as long as a dataset may
hold it (``witness.py``). While a law request is open, nothing of either goes.

What goes is noted first (``lake/let_go/<digest>.json``), then renamed, then removed: a kill leaves
a hidden folder that the next night removes.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bentos import redaction_files
from bentos.contract.manifest import Manifest, VersionState
from training import atomic
from training.lake import used_now
from training.nightly import witness, witnessed
from training.nightly.became import Became
from training.nightly.desk import Desk
from training.nightly.errors import DeskError, PassingError
from training.nightly.gone import WITNESS, Gone
from training.nightly.kept import remove, remove_begun
from training.nightly.record import RunRecord
from training.nightly.settings import NightlySettings
from training.nightly.stuck import Stuck
from training.nightly.witnessed import Seen
from training.run import read_manifest
from training.settings import Settings

NOTES = "let_go"
ASKED_A_NIGHT = 100
"""Versions the control plane is asked about in one night; the others' turn comes."""
LINES_A_NIGHT = 20
"""Folders of order lines that go in one night: each is read once, against tonight's."""


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that is gone because its time was over, and the versions that learned from it."""

    digest: str
    at: str
    versions: tuple[str, ...]


class Unneeded(msgspec.Struct, frozen=True, kw_only=True):
    """What would go: datasets (digest → versions of it) and folders of order lines.

    ``tonight``: the lines these are held against. ``held``: why nothing of it goes, or None.
    ``stuck``: place → why it could not be read.
    """

    datasets: dict[str, tuple[str, ...]] = {}
    lines: tuple[str, ...] = ()
    tonight: str = ""
    held: str | None = None
    stuck: dict[str, str] = {}


def find(
    settings: Settings,
    nightly: NightlySettings,
    record: RunRecord | None,
    now: datetime,
    desk: Desk | None,
    became: Became,
) -> Unneeded:
    """What nobody needs at ``now`` (aware). ``record``: of the night, which uses its own.

    Without a ``desk`` nobody knows which versions were retired: they stay.
    """
    waiting = law_requests(settings.home)
    if waiting:
        return Unneeded(held=f"{waiting} open law requests")
    stuck = Stuck()
    stuck.why |= became.unread
    datasets: dict[str, tuple[str, ...]] = {}
    lines: tuple[str, ...] = ()
    tonight = None if record is None else _tonight(record)
    with stuck.named("snapshots"):
        datasets = _datasets(settings, nightly, record, now, desk, became, stuck)
    with stuck.named("orders"):
        if tonight is not None and tonight.is_file():
            lines = _lines(settings, nightly, record, now, tonight)
    return Unneeded(datasets=datasets, lines=lines, tonight=str(tonight or ""), stuck=stuck.why)


def prune(
    settings: Settings, found: Unneeded, became: Became, now: datetime, gone: Gone, stuck: Stuck
) -> None:
    """Take it away, and note what went."""
    lake = settings.lake
    for place in (lake / "snapshots", lake / "orders"):
        remove_begun(place, stuck)
    for digest, versions in found.datasets.items():
        note = LetGo(digest=digest, at=now.astimezone(UTC).isoformat(), versions=versions)
        with stuck.named(f"snapshots/{digest}"):
            atomic.write_bytes(lake / NOTES / f"{digest}.json", msgspec.json.encode(note))
            remove(lake / "snapshots" / digest)
            gone.note("snapshots", digest)
    if found.held is not None or became.unread:
        return
    for name in _taken_over(settings, found, became, now, gone, stuck):
        with stuck.named(f"orders/{name}"):
            remove(lake / "orders" / name)
            gone.note("orders", name)


def _taken_over(
    settings: Settings, found: Unneeded, became: Became, now: datetime, gone: Gone, stuck: Stuck
) -> list[str]:
    """Of the folders of lines that would go those of which nothing is lost; what the witness tells
    and no dataset can hold goes as well."""
    orders, tonight = settings.lake / "orders", Path(found.tonight)
    if not found.lines and not (orders / witness.FOLDER).is_dir():
        return []
    from training.orders import connect  # noqa: PLC0415 - DuckDB

    bounds = (settings.training_memory, settings.training_threads, settings.spill)
    taken: list[str] = []
    with stuck.named(f"orders/{witness.FOLDER}"), connect(*bounds) as connection:
        seen = _seen(settings.lake, became, now)
        gone.note_rows(WITNESS, witness.forget(connection, orders, seen))
        if found.lines:
            taken.extend(witness.take_over(connection, orders, tonight, found.lines, seen, stuck))
    return taken


def _seen(lake: Path, became: Became, now: datetime) -> Seen:
    """Since when the datasets that stand do. Raises msgspec.MsgspecError, OSError where nobody
    can say."""
    before = witnessed.load(lake / "orders" / witness.FOLDER)
    return before.now(witnessed.standing(lake / "snapshots"), became.datasets, now)


def mark_used(settings: Settings, record: RunRecord, stuck: Stuck) -> None:
    """The time of what a night used begins anew, also of what it took from an earlier one."""
    for place in _used(settings, record):
        with stuck.named(f"{place.parent.name}/{place.name}"):
            if place.is_dir():
                used_now(place)


def let_go(lake: Path, digest: str) -> LetGo | None:
    """The note of a dataset that is gone because its time was over."""
    path = lake / NOTES / f"{digest}.json"
    return msgspec.json.decode(path.read_bytes(), type=LetGo) if path.is_file() else None


def law_requests(home: Path) -> int:
    """Requests to erase or to hand over that the control plane has not closed."""
    asked = list((home / "redactions" / "data_requests").glob("*.json"))
    return len(redaction_files.request_files(home)) + len(asked)


def _datasets(
    settings: Settings,
    nightly: NightlySettings,
    record: RunRecord | None,
    now: datetime,
    desk: Desk | None,
    became: Became,
    stuck: Stuck,
) -> dict[str, tuple[str, ...]]:
    limit = now - timedelta(days=nightly.nightly_keep_datasets_days)
    used = set() if record is None else _used(settings, record)
    old = [place for place in _older(settings.lake / "snapshots", limit) if place not in used]
    learned = _learned(settings.lake, became, stuck)
    if learned is None:
        return {}
    asking = random.Random(0 if record is None else record.id)
    found: dict[str, tuple[str, ...]] = {}
    for place in asking.sample(old, min(len(old), ASKED_A_NIGHT)):
        manifests = learned.get(place.name, [])
        try:
            is_over = all(_is_over(manifest, limit, desk) for manifest in manifests)
        except PassingError:
            # Each further question would wait as long in vain.
            desk, is_over = None, False
        if is_over:
            found[place.name] = tuple(sorted({each.version for each in manifests}))
    return found


def _learned(lake: Path, became: Became, stuck: Stuck) -> dict[str, list[Manifest]] | None:
    """Dataset → the versions made of it, also by what redactions left of it. None where a file
    that tells cannot be read: any dataset may be its own."""
    manifests: list[Manifest] = []
    before = len(stuck.why)
    for path in sorted((lake / "versions").glob("*/manifest.json")):
        with stuck.named(f"versions/{path.parent.name}/{path.name}"):
            manifests.append(read_manifest(path))
    if became.unread or len(stuck.why) > before:
        return None
    learned: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        digest: str | None = manifest.dataset.digest
        while digest is not None:
            learned.setdefault(digest, []).append(manifest)
            digest = became.datasets.get(digest)
    return learned


def _is_over(manifest: Manifest, limit: datetime, desk: Desk | None) -> bool:
    """Rejected, or retired before the limit; a version the control plane will not tell of keeps
    its dataset. Raises PassingError where it cannot be asked now."""
    if manifest.state is VersionState.REJECTED:
        return True
    if desk is None:
        return False
    try:
        known = desk.get(f"/api/v1/versions/{manifest.version}")
    except DeskError:
        return False
    retired = None if known is None else known["retired_at"]
    return retired is not None and datetime.fromisoformat(retired) < limit


def _lines(
    settings: Settings,
    nightly: NightlySettings,
    record: RunRecord | None,
    now: datetime,
    tonight: Path,
) -> tuple[str, ...]:
    limit = now - timedelta(days=nightly.nightly_keep_lines_days)
    old = [place.name for place in _older(settings.lake / "orders", limit)]
    old = [name for name in old if name != tonight.parent.name]
    # Not always the same ones: those that cannot be read would keep the others.
    chosen = random.Random(0 if record is None else record.id)
    return tuple(sorted(chosen.sample(old, min(len(old), LINES_A_NIGHT))))


def _tonight(record: RunRecord) -> Path | None:
    step = record.step("pseudonymise")
    if step is None or step.output is None:
        return None
    return Path(step.output["lines"]["path"])


def _used(settings: Settings, record: RunRecord) -> set[Path]:
    """Folders of lines and datasets that a night's steps gave."""
    tonight = _tonight(record)
    found = set() if tonight is None else {tonight.parent}
    for model in record.models:
        step = record.step(f"features {model}")
        if step is not None and step.output is not None:
            found.add(settings.lake / "snapshots" / step.output["digest"])
    return found


def _older(folder: Path, limit: datetime) -> list[Path]:
    """By when they were used last; begun ones (a dot before the name) are somebody else's."""
    found = folder.glob("[0-9a-f]*") if folder.is_dir() else ()
    old = [each for each in found if each.is_dir() and each.stat().st_mtime < limit.timestamp()]
    return sorted(old)
