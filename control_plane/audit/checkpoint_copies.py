"""The second place of checkpoints: a folder, best where the database's holder cannot write.

One file a day and origin, replaced as the day goes on; the last one of each day stays.
"""

from pathlib import Path
from urllib.parse import quote, unquote

from bentos.whole_file import write_whole

SUFFIX = ".checkpoint"
DAY = len("2026-11-26")


class CheckpointCopies:
    """Reads and writes the folder; knows nothing of who may be believed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, origin: str, at: str, note: str) -> Path:
        """Put a checkpoint there, whole and flushed; raises OSError."""
        folder = self._folder(origin)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{at[:DAY]}{SUFFIX}"
        write_whole(path, note, mode=0o644)
        return path

    def newest(self, origin: str) -> str | None:
        """The copy of the latest day; None when there is none. Raises OSError."""
        found = self.all(origin)
        return found[-1].read_text(encoding="utf-8") if found else None

    def all(self, origin: str) -> list[Path]:
        """All copies of an origin, oldest first; raises OSError."""
        folder = self._folder(origin)
        return sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []

    def origins(self) -> list[str]:
        """Every log there are copies of; raises OSError."""
        if not self.folder.is_dir():
            return []
        return sorted(unquote(each.name) for each in self.folder.iterdir() if each.is_dir())

    def _folder(self, origin: str) -> Path:
        return self.folder / quote(origin, safe="")
