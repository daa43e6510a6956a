"""What a redaction under way has found and done: it goes on from there after a kill.

``<lake>/redactions/.<id>.work`` (0600) names whom it is about, so it is removed when the record
has been written.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from bentos import redaction_files, whole_file
from bentos.contract.errors import ContractError
from bentos.contract.redaction import TrainedVersion
from training.nightly.stuck import Stuck
from training.redaction.scope import Scope

SUFFIX = ".work"


class Work(msgspec.Struct, kw_only=True):
    """``removed``: place → rows found in it (``before``: by tries that ended, but for files they
    could not read); ``snapshots``, ``features``: digest → what is left.

    ``unread``: file or folder → why it could not be gone through; ``untold``: files of order
    lines that no look could read so far."""

    id: str
    scope: Scope
    removed: dict[str, int] = {}
    before: dict[str, int] = {}
    snapshots: dict[str, str | None] = {}
    features: dict[str, str | None] = {}
    versions: tuple[TrainedVersion, ...] = ()
    unread: dict[str, str] = {}
    untold: tuple[str, ...] = ()

    @contextmanager
    def asking(self, place: str) -> Iterator[None]:
        """Carry out the block; an error ends the block alone, and is noted under ``place``."""
        stuck = Stuck()
        with stuck.named(place):
            yield
        self.unread |= stuck.why

    def going_through(self, place: Path, home: Path) -> AbstractContextManager[None]:
        """The same for a file or folder of the home."""
        return self.asking(place.relative_to(home).as_posix())

    def found(self, place: str, rows: int) -> None:
        """Rows of a place, seen before they go. What an earlier look saw is not seen twice."""
        if rows:
            all_of_them = rows + self.before.get(place, 0)
            self.removed[place] = max(all_of_them, self.removed.get(place, 0))

    def trained(self, versions: list[TrainedVersion]) -> None:
        """Versions that were trained on whom it is about."""
        names = {each.version: each for each in (*self.versions, *versions)}
        self.versions = tuple(names[name] for name in sorted(names))


def path(lake: Path, request_id: str) -> Path:
    """Where it lies."""
    place = redaction_files.record_path(lake, request_id)
    return place.with_name(f".{request_id}{SUFFIX}")


def load(lake: Path, request_id: str) -> Work | None:
    """What an earlier attempt left; None without one. Raises ContractError for what is none."""
    place = path(lake, request_id)
    if not place.is_file():
        return None
    try:
        return msgspec.json.decode(place.read_bytes(), type=Work)
    except msgspec.MsgspecError as error:
        raise ContractError(str(place), "a redaction under way", str(error)) from error


def save(lake: Path, work: Work) -> None:
    """Keep it, flushed to the disk: what it names may be erased next."""
    place = path(lake, work.id)
    place.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write_whole(place, msgspec.json.encode(work).decode("utf-8"))


def forget(lake: Path, request_id: str) -> None:
    """Remove it."""
    path(lake, request_id).unlink(missing_ok=True)


def forget_others(lake: Path, asked: Collection[str]) -> None:
    """Remove those of requests that lie there no more: a person closed them half-way, and nothing
    else would take away whom they name."""
    for place in (lake / "redactions").glob(f".*{SUFFIX}"):
        if place.name.removeprefix(".").removesuffix(SUFFIX) not in asked:
            place.unlink(missing_ok=True)
