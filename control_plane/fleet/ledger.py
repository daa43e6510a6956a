"""Which workers run, on disk: a fleet that was killed finds them again instead of doubling them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from bentos.whole_file import write_whole


class WorkerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One running worker; ``started_at`` tells its process from a later one with its pid."""

    version: str
    index: int
    bento_digest: str
    pid: int
    started_at: str
    socket: str
    priority: str = "live"


class Ledger:
    """A folder with one file per worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, record: WorkerRecord) -> None:
        """Record a worker that was just started."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / f"{name}.json", msgspec.json.encode(record))

    def remove(self, name: str) -> None:
        """Its worker has ended."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)

    def read(self, name: str) -> WorkerRecord | None:
        """One worker's record; None where there is none to be read."""
        return next((record for found, record in self.records() if found == name), None)

    def records(self) -> Iterator[tuple[str, WorkerRecord | None]]:
        """Every (name, record); the record is None where the file cannot be read as one."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                yield path.stem, msgspec.json.decode(path.read_bytes(), type=WorkerRecord)
            except msgspec.MsgspecError:
                yield path.stem, None
