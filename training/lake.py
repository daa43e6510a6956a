"""The lake on disk: order lines, content-addressed snapshots, results of steps."""

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bentos.contract import canonical
from training import atomic
from training.fingerprint import file_digest

Record = TypeVar("Record")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset version: ``parts`` file → SHA-256 hex, ``digest`` over them."""

    digest: str
    parts: dict[str, str]
    rows: int
    folder: str

    @property
    def folder_path(self) -> Path:
        """Where its parts lie."""
        return Path(self.folder)


def digest_of_parts(parts: dict[str, str]) -> str:
    """The dataset version: SHA-256 hex over the canonical JSON of file → digest."""
    return canonical.digest(parts)


def store_snapshot(lake: Path, filled: Path, rows: int) -> Snapshot:
    """Move a folder of finished files to ``snapshots/<digest>``; the same content is kept once."""
    parts = {path.name: file_digest(path) for path in sorted(filled.iterdir())}
    digest = digest_of_parts(parts)
    place = lake / "snapshots" / digest
    if place.exists():
        used_now(place)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        filled.rename(place)
    return Snapshot(digest=digest, parts=parts, rows=rows, folder=place.as_posix())


def used_now(place: Path) -> None:
    """Begin the time anew for which a folder of the lake is kept after it was last used."""
    os.utime(place)


def load_record(lake: Path, step: str, key: str, kind: type[Record]) -> Record | None:
    """What a step gave for this key before, or None."""
    path = _record_path(lake, step, key)
    if not path.is_file():
        return None
    return msgspec.json.decode(path.read_bytes(), type=kind)


def save_record(lake: Path, step: str, key: str, record: Any) -> None:
    """Remember what a step gave; written last, so that a record means finished files."""
    content = msgspec.json.format(msgspec.json.encode(record), indent=2)
    atomic.write_bytes(_record_path(lake, step, key), content)


def _record_path(lake: Path, step: str, key: str) -> Path:
    return lake / "runs" / step / f"{key[:32]}.json"
