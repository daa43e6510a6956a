"""The shop's lake on disk: canonical tables as Parquet, and one file that says which count.

``current.json`` is swapped last and whole: all tables and watermarks of a sync are there
together or not at all. What it does not name is left over from a kill and is removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from training import atomic
from training.settings import Settings
from training.shop.columns import TABLES
from training.shop.errors import NotSynced, SyncRunning

FOLDER = "shop"
CURRENT = "current.json"
SYNC_LOCK = "sync.lock"
TABLES_LOCK = "tables.lock"
SALES = "sales"
"What is made of the tables for training; it goes when they do."


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """One table: its file below the shop's lake, its rows, of which so many are tombstones."""

    file: str
    rows: int
    deleted: int


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """What the lake holds. Times are RFC 3339, UTC.

    ``window_from``: orders before it were out of sight, None: nothing was. ``problems``: the
    streams that were not read by the last sync, and why; ``skipped``: those the app may not read.
    """

    generation: int = 0
    shop: str
    pseudonym_key_id: str
    synced_at: str | None = None
    window_from: str | None = None
    tables: dict[str, Contents] = {}
    watermarks: dict[str, str] = {}
    behind: dict[str, int] = {}
    problems: dict[str, str] = {}
    skipped: dict[str, str] = {}


class ShopLake:
    """The folder ``lake/shop`` of a home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, settings: Settings) -> "ShopLake":
        """The one of these settings."""
        return cls(settings.lake / FOLDER)

    def current(self) -> Current | None:
        """What it holds, None before the first sync."""
        place = self.folder / CURRENT
        if not place.is_file():
            return None
        return msgspec.json.decode(place.read_bytes(), type=Current)

    def table(self, name: str) -> Path | None:
        """A table's file; None where nothing was synced into it yet."""
        current = self.current()
        contents = current.tables.get(name) if current else None
        return self.folder / contents.file if contents else None

    @contextmanager
    def syncing(self) -> Iterator[None]:
        """Be the one that syncs; raises SyncRunning where another process is."""
        with _locked(self.folder / SYNC_LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield

    @contextmanager
    def reading(self) -> Iterator[Current]:
        """The tables as they stand; none is removed meanwhile. Raises NotSynced."""
        with _locked(self.folder / TABLES_LOCK, fcntl.LOCK_SH):
            current = self.current()
            if current is None or not current.tables:
                raise NotSynced("--shop", "a synced shop", "none", "Run: training shop sync.")
            yield current

    def commit(self, current: Current) -> None:
        """Let these tables count; files of earlier ones are removed."""
        with _locked(self.folder / TABLES_LOCK, fcntl.LOCK_EX):
            content = msgspec.json.format(msgspec.json.encode(current), indent=2)
            atomic.write_bytes(self.folder / CURRENT, content)
            self._tidy(current)

    def tidy(self) -> None:
        """Remove what a killed sync left."""
        current = self.current()
        with _locked(self.folder / TABLES_LOCK, fcntl.LOCK_EX):
            self._tidy(current)

    def _tidy(self, current: Current | None) -> None:
        named = {contents.file for contents in current.tables.values()} if current else set()
        for name in TABLES:
            for path in (self.folder / name).glob("*.parquet*"):
                if f"{name}/{path.name}" not in named:
                    path.unlink()
        for path in self.folder.glob(f".{CURRENT}.*"):
            path.unlink()
        number = f"{current.generation:06d}-" if current else None
        for path in (self.folder / SALES).glob("*"):
            if number is None or not path.name.startswith(number):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """A lock that a killed process lets go of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError as error:
            raise SyncRunning(
                "another sync of this shop is running; wait for it, or stop it"
            ) from error
        yield
    finally:
        os.close(descriptor)
